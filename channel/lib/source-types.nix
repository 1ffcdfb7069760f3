# Where a package's bits come from (`meta.sourceProvenance`).
{ lib }:
let type = shortName: isSource: { inherit shortName isSource; }; in
{
  fromSource = type "fromSource" true;
  binaryNativeCode = type "binaryNativeCode" false;
  binaryBytecode = type "binaryBytecode" false;
  binaryFirmware = type "binaryFirmware" false;
}
