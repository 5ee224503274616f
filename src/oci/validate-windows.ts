import { boolean, type Check, fields, list, name, text } from "./check.ts";
import { windowsLimits } from "./validate-resources.ts";

/** Accepts what `Windows` of the OCI spec describes. */
export const windows: Check = fields({
  layerFolders: list(name),
  devices: list(fields({}, { id: name, idType: name })),
  resources: windowsLimits,
  servicing: boolean,
  ignoreFlushesDuringBoot: boolean,
  hyperv: fields({ utilityVMPath: text }),
  network: fields({
    endpointList: list(name),
    allowUnqualifiedDNSQuery: boolean,
    DNSSearchList: list(name),
    networkSharedContainerName: text,
    networkNamespace: text,
  }),
});
