module idp/toolchain/registry

go 1.27.0
