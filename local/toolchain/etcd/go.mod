module idp/toolchain/etcd

go 1.27.0
