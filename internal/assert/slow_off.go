// SPDX-License-Identifier: Apache-2.0

//go:build !slowassert

package assert

// Slow tells whether checks that cost more than constant time are compiled in.
const Slow = false
