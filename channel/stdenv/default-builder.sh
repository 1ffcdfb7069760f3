source "$setup"
genericBuild
