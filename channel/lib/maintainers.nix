# People named in recipes. `with lib.maintainers; [ someone ]` in a package's
# `meta` is never evaluated by the channel, so a name that is not here is no
# error unless a recipe itself looks at it.
{ lib }:
{
  syncom = { name = "syncom"; github = "syncom"; };
}
