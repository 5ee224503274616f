/** Type of a container's spec, where containerd keeps it. */
export const SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
