# Looking at the file system.
{ lib }:
rec {
  pathType = path: if !builtins.pathExists path then throw "pathType: ${toString path} does not exist" else builtins.readFileType path;
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";
  listFilesRecursive = dir:
    lib.flatten (lib.mapAttrsToList (name: type: if type == "directory" then listFilesRecursive (dir + "/${name}") else dir + "/${name}") (builtins.readDir dir));
  packagesFromDirectoryRecursive = { callPackage, directory, ... }:
    lib.mapAttrs' (name: type: {
      name = lib.removeSuffix ".nix" name;
      value = if type == "directory" && !builtins.pathExists (directory + "/${name}/package.nix")
        then packagesFromDirectoryRecursive { inherit callPackage; directory = directory + "/${name}"; }
        else callPackage (directory + "/${name}" + lib.optionalString (type == "directory") "/package.nix") { };
    }) (lib.filterAttrs (name: type: type == "directory" || lib.hasSuffix ".nix" name) (builtins.readDir directory));
}
