//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

var errLocked = errors.New("locked")

// lock keeps other processes out until the file is closed, or the process has ended in whatever way.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
