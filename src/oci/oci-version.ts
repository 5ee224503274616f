/**
 * The version of the OCI runtime spec that built specs say they follow.
 *
 * @see containerd vendor/github.com/opencontainers/runtime-spec/specs-go/version.go
 */
export const OCI_VERSION = "1.3.0";
