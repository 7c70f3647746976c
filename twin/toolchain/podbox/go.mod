module idp/toolchain/podbox

go 1.27.0

require (
	github.com/vishvananda/netlink v1.3.1
	github.com/vishvananda/netns v0.0.5
	golang.org/x/net v0.51.0
	golang.org/x/sys v0.46.0
	k8s.io/cri-streaming v0.36.3
	k8s.io/streaming v0.36.3
	k8s.io/utils v0.0.0-20260210185600-b8788abfbbc2
)

require (
	github.com/go-logr/logr v1.4.3 // indirect
	github.com/moby/spdystream v0.5.1 // indirect
	k8s.io/klog/v2 v2.140.0 // indirect
)
