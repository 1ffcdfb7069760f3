# Everything a person or a machine runs on this tree. `make test` is what CI runs.
#
# No target needs root, Docker or an installed Nix; only the docker ones need
# Docker. Built images go to ./out, which `make clean` removes.

GO      ?= go
RECIPE  ?= examples/hello/iso.nix
IMAGE   ?= isomorph
export CGO_ENABLED = 0
# Every external link is static, and paths of this machine stay out of the binary.
GOFLAGS_BUILD = -trimpath -ldflags=-s -buildvcs=false

.PHONY: all iso binary test check hostile fuzz difffuzz bench bench-build bench-eval profile pgo functests docs clean docker docker-iso dockerclean

all: binary

## build the image of RECIPE and print its digest
iso: binary
	./bin/isomorph build $(RECIPE)

## the static binary, in bin/
binary:
	@mkdir -p bin
	$(GO) build $(GOFLAGS_BUILD) -o bin/isomorph ./cmd/isomorph

## everything: unit, language, fuzz seeds, scripts, sandbox probes, and the
## end-to-end test, which builds examples/hello twice, compares and boots it
test: check
	$(GO) test -timeout 50m -count=1 -run 'TestEndToEnd' -v ./cmd/isomorph

## format, vet, tidy and all tests but the end-to-end one (minutes, not tens of them)
check:
	@test -z "$$(gofmt -l cmd internal channel examples)" || { gofmt -l cmd internal channel examples; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) test -short -timeout 20m ./...
	$(GO) test -tags failpoints ./internal/store/localstore ./internal/failpoint
	$(GO) test -tags evalcheck ./internal/nixlang/eval ./internal/nixlang/builtins

## all hostile programs: what an evaluation must survive
hostile:
	$(GO) test -timeout 30m -count=1 -run TestHostile -v ./cmd/isomorph -hostile

## each fuzz target for FUZZTIME
FUZZTIME ?= 30s
fuzz:
	$(GO) run ./internal/tools/fuzzall -fuzztime $(FUZZTIME)

## programs at random, evaluated by a real Nix, too, for DURATION. NIX=COMMAND goes
## before each of its commands
DURATION ?= 10m
SEED     ?= 1
difffuzz:
	$(GO) run ./internal/tools/difffuzz -nix "$(NIX)" -duration $(DURATION) -seed $(SEED)

## micro-benchmarks of the packages
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

## the main job beside a real Nix in one run. NIX=COMMAND goes before each of
## its commands; NIX_ROOT=DIR, if COMMAND changes its root to DIR (DIR/nix is wiped)
bench-build: binary
	$(GO) run ./internal/tools/benchbuild -isomorph bin/isomorph -nix "$(NIX)" -nix-root "$(NIX_ROOT)" $(RECIPE)

## evaluation beside a real Nix (NIX, as above) over the nixpkgs in NIXPKGS_1803,
## as a table; RUN=REGEXP picks workloads. Without a tree: the micro-benchmarks
ROUNDS ?= 5
bench-eval: binary
	$(GO) run ./internal/tools/bencheval -isomorph bin/isomorph -nix "$(NIX)" -tree "$(NIXPKGS_1803)" -rounds $(ROUNDS) -run "$(RUN)"

## where an evaluation of a NixOS image and of a package, over the nixpkgs in
## NIXPKGS_1803, spends time and memory: out/eval.cpu and out/eval.mem, for go tool pprof
profile:
	@test -n "$(NIXPKGS_1803)" || { echo "NIXPKGS_1803=DIR names a nixpkgs"; exit 1; }
	@mkdir -p out
	$(GO) test ./internal/pipeline -run '^$$' -bench Instantiate -benchtime 8x -nixpkgs "$(abspath $(NIXPKGS_1803))" \
		-o out/pipeline.test -cpuprofile out/eval.cpu -memprofile out/eval.mem

## the static binary, compiled with that profile; doc/rationale.md says why this is not the default
pgo: profile
	@mkdir -p bin
	$(GO) build $(GOFLAGS_BUILD) -pgo=out/eval.cpu -o bin/isomorph ./cmd/isomorph

## Nix's own functional tests from a checkout of Nix, unchanged, as a plain user (root
## may write to what they want protected). SCRIPTS="a b" runs only these, FUNCTESTS=-all all
functests: binary
	@test -n "$(NIX_SRC)" || { echo "NIX_SRC=DIR names a checkout of Nix"; exit 1; }
	$(GO) run ./internal/tools/functests -nix-src "$(NIX_SRC)" -isomorph bin/isomorph $(FUNCTESTS) $(SCRIPTS)

## the command pages and man pages in doc/, made from the commands themselves
docs:
	$(GO) test -count=1 ./cmd/isomorph -run TestDocsAreCurrent -update

## remove built images (the store keeps what they were made of)
clean:
	rm -rf out result

docker:
	docker build -t $(IMAGE) .

## `make iso` in a container; doc/docker.md says why it needs these options
docker-iso: docker
	docker run --rm --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
		-v $(IMAGE)-store:/home/isomorph/.local/share/isomorph -v "$(CURDIR)":/src -w /src $(IMAGE) build $(RECIPE)

## remove this project's Docker image and volume, and nothing else
dockerclean:
	-docker image rm $(IMAGE)
	-docker volume rm $(IMAGE)-store
