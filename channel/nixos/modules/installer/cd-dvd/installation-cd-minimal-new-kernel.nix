# The channel has one kernel: the same as installation-cd-minimal.nix.
{ imports = [ ./installation-cd-minimal.nix ]; }
