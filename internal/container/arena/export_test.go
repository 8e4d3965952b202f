// SPDX-License-Identifier: Apache-2.0

package arena

// Check walks all records of a and panics where they do not agree.
func (a *Arena) Check() { a.check() }
