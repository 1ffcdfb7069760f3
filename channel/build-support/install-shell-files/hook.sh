installManPage() {
  local f section
  for f; do
    section=${f%.gz}; section=${section##*.}
    mkdir -p "${outputMan:-$out}/share/man/man$section"
    install -m644 -- "$f" "${outputMan:-$out}/share/man/man$section/$(stripHash "$f")"
  done
}
# installShellCompletion [--cmd NAME] [--bash FILE] [--zsh FILE] [--fish FILE] [FILE...]
installShellCompletion() {
  local cmd= shell= name= f
  while [ $# -gt 0 ]; do
    case $1 in
      --cmd) cmd=$2; shift 2; continue;;
      --name) name=$2; shift 2; continue;;
      --bash|--zsh|--fish) shell=${1#--}; shift; continue;;
    esac
    f=$1; shift
    local kind=$shell base=${name:-$cmd}
    if [ -z "$kind" ]; then case $f in *.bash) kind=bash;; *.zsh|*/_*) kind=zsh;; *.fish) kind=fish;; esac; fi
    case $kind in
      bash) install -Dm644 "$f" "$out/share/bash-completion/completions/${base:-$(basename "$f" .bash)}";;
      zsh) f2=$(basename "$f" .zsh); install -Dm644 "$f" "$out/share/zsh/site-functions/_${base:-${f2#_}}";;
      fish) install -Dm644 "$f" "$out/share/fish/vendor_completions.d/${base:-$(basename "$f" .fish)}.fish";;
    esac
    name=
  done
}
