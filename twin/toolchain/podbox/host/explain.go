package host

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// restrictedByAppArmor is 1 on Ubuntu 23.10 and later.
const restrictedByAppArmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"

// explain says what an error of making namespaces means and, if that is known, what fixes it.
func explain(err error) error {
	switch setting, _ := os.ReadFile(restrictedByAppArmor); {
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("this machine's limits of namespaces are reached or 0: see sysctl user.max_user_namespaces and user.max_net_namespaces: %w", err)
	case strings.TrimSpace(string(setting)) == "1":
		return fmt.Errorf("AppArmor does not let this user make namespaces; sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 allows it: %w", err)
	default:
		return fmt.Errorf("this machine does not let this user make namespaces: %w", err)
	}
}
