// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "errors"

var errMalformed = errors.New("malformed document")

// check tells what is wrong with a document.
func check(doc []byte, names *Names) error {
	if len(doc) == 0 {
		return errMalformed
	}
	_ = names
	return nil
}
