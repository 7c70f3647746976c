package node

import (
	"time"

	"idp/toolchain/podbox/container"
)

type podState struct {
	IP         string                    `json:"ip"`
	Containers map[string]containerState `json:"containers"`
}

type containerState struct {
	PID       int             `json:"pid"`
	StartedAt time.Time       `json:"startedAt"`
	Exit      *container.Exit `json:"exit,omitempty"`
}

func startedState(c *container.Container) containerState {
	return containerState{PID: c.PID, StartedAt: c.Started}
}

// state is what a restarted process kubelet takes over.
func (n *Node) state() map[string]podState {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[string]podState{}
	for uid, p := range n.pods {
		containers := map[string]containerState{}
		for name, c := range p.containers {
			state := startedState(c)
			if !c.Runs() {
				exit := c.Exit()
				state.Exit = &exit
			}
			containers[name] = state
		}
		all[uid] = podState{IP: p.IP, Containers: containers}
	}
	return all
}
