// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"bytes"
	"testing"
)

// TestTrim: a long string does not hold its room until the end of the file.
func TestTrim(t *testing.T) {
	file := AppendKey(AppendHeader(nil), TypeString, []byte("long"), 0)
	file = AppendText(file, make([]byte, 3*keepBytesMax))
	file = AppendInt(AppendKey(file, TypeString, []byte("short"), 0), 5)
	r := NewReader(bytes.NewReader(file), Options{})
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.String(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.a) > keepBytesMax {
		t.Errorf("%d bytes are kept", cap(r.a))
	}
}
