// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package loadgen

import (
	"errors"
	"time"
)

// selfTime is not known here.
func selfTime() (time.Duration, error) {
	return 0, errors.ErrUnsupported
}
