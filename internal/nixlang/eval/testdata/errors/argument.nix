let
  package = { name, version }: name + version;
in
package { name = "hello"; verison = "1"; version = "2"; }
