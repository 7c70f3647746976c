# The one command surface of this repository. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CACHE := $(or $(IDP_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/idp)
NODE_VERSION := 22.23.3
NODE_HOME := $(CACHE)/node/node_modules/node/bin

# The project wants Node 22.18 or newer (it runs TypeScript as it is); where the machine's is older,
# the npm package `node` brings one into the cache.
NODE_OK := $(shell node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a===22&&b>=18)?0:1)' 2>/dev/null && echo yes)
ifneq ($(NODE_OK),yes)
export PATH := $(NODE_HOME):$(PATH)
NODE_READY := $(NODE_HOME)/node
endif
# npm keeps its own cache inside ours: nothing is left elsewhere in HOME.
export npm_config_cache := $(CACHE)/npm
export npm_config_update_notifier := false
IDP := node bin/idp.js
JOBS := $(shell getconf _NPROCESSORS_ONLN)

.PHONY: help
help: ## List these targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: node
node: $(NODE_READY) ## Put a Node into the cache when the machine's own is older than 22.18

$(NODE_HOME)/node:
	@echo "node: the machine's own is missing or older than 22.18; installing $(NODE_VERSION) into $(CACHE)/node"
	@mkdir -p $(CACHE)/node && npm install --loglevel=error --no-save --no-package-lock --prefix $(CACHE)/node node@$(NODE_VERSION)

# Installed packages, as package-lock.json names them.
node_modules/.package-lock.json: package-lock.json $(NODE_READY)
	@echo "npm: installing packages"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: install
install: node_modules/.package-lock.json ## Install the npm packages

.PHONY: up
up: install ## Start the twin: three accounts, clusters, Argo CDs and services on this machine
	@$(IDP) twin up

.PHONY: down
down: install ## Stop the twin and delete everything it kept
	@$(IDP) twin down

.PHONY: test
test: install ## Unit tests: they need Node and git, no built tool
	@npx mocha --parallel --jobs $(JOBS) --ignore 'test/**/*.tools.test.ts' 'test/**/*.test.ts'

.PHONY: test-tools
test-tools: install ## Tests that build a tool (Helm, actionlint), compile Go, use pip, open a browser or run workflows
	@npx mocha 'test/**/*.tools.test.ts'

# Each check is a target of its own: they run side by side, and all of them run even when one fails.
CHECKS := types lint format imports picture unused paths rules allowed

.PHONY: check
check: install ## Types, lint, format, imports, unused code, and every rule over the repository
	@$(MAKE) --no-print-directory --keep-going --jobs $(JOBS) $(CHECKS:%=check-%)

.PHONY: $(CHECKS:%=check-%)
# What the checks remember is outside the tree, a folder for each clone, and never decides alone: see each tool's line.
CHECKED := $(CACHE)/check/$(shell pwd | cksum | cut -d' ' -f1)
check-types:
	@npx tsc --noEmit --incremental --tsBuildInfoFile $(CHECKED)/types.json
check-lint:
	@node test/architecture/lint.ts $(CHECKED)/lint.json
check-format:
	@npx prettier --check --log-level warn --cache --cache-strategy content --cache-location $(CHECKED)/format.json .
check-imports:
	@npx depcruise --output-type err-long .
check-picture:
	@node test/architecture/picture.ts --check
check-paths:
	@node test/architecture/paths.ts
check-unused:
	@npx knip --no-progress
check-rules:
	@$(IDP) check
check-allowed:
	@node policy/program/allowed.ts --check

.PHONY: format
format: install ## Format every file
	@npx prettier --write --log-level warn .

.PHONY: golden
golden: install ## Rewrite the golden files, and docs/cost.md by them, after a wanted change
	@UPDATE_GOLDEN=1 npx mocha test/golden.test.ts test/docs/cost.test.ts

# One after the other: side by side on two cores they take as long, and some then reach their time limits.
.PHONY: e2e
e2e: toolchain ## End-to-end tests on the twin (builds its tools when they are missing)
	@$(MAKE) --no-print-directory --keep-going e2e-shared-twin e2e-own-twin

.PHONY: e2e-shared-twin
e2e-shared-twin: install
	@npx mocha --config test/e2e/shared-twin/.mocharc.json 'test/e2e/shared-twin/*.e2e.ts'

.PHONY: e2e-own-twin
e2e-own-twin: install
	@npx mocha --config test/e2e/own-twin/.mocharc.json 'test/e2e/own-twin/*.e2e.ts'

.PHONY: conformance
conformance: install ## Compare the doubles with the real awsx and eks, whose plugins must be on PATH
	@node test/conformance/main.ts

.PHONY: bench
bench: install ## Benchmarks on the running twin: medians of one run
	@node test/bench/main.ts
	@node test/bench/push.ts

.PHONY: mutation
mutation: install ## Make small mistakes in the rules: the tests must notice at least 95 % (minutes)
	@node test/mutation/main.ts

.PHONY: picture
picture: install ## Redraw the pictures of ARCHITECTURE.md after a change of an import between rooms
	@node test/architecture/picture.ts

.PHONY: rules
rules: install ## Rewrite policy/README.md after a change of a rule
	@node policy/readme.ts && npx prettier --write --log-level warn policy/README.md

.PHONY: allowed
allowed: install ## Rewrite policy/allowed, what stacks may hold, after a wanted change of the program or a release
	@node policy/program/allowed.ts

.PHONY: schemas
schemas: install ## Rewrite policy/schemas by the API server of the running twin's dev
	@eval "$$($(IDP) twin env)" && KUBECONFIG=$$($(IDP) twin kubeconfig dev) node policy/kubernetes-openapi.ts

.PHONY: toolchain
toolchain: install ## Build the tools of the twin into the cache
	@node twin/toolchain/main.ts
