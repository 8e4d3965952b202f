// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"errors"
)

// A payload of DUMP:
//
//	| type (1) | value … | version (u16 LE) | crc64 of all before it (LE) |

const dumpTrailerBytes = 2 + 8

// What [CheckDump] finds wrong. RESTORE answers all of them alike.
var (
	ErrDumpShort    = errors.New("rdb: the payload is too short for a dump")
	ErrDumpVersion  = errors.New("rdb: the dump is of a newer version")
	ErrDumpChecksum = errors.New("rdb: the dump's checksum does not match")
)

// AppendDumpEnd ends a payload of DUMP that begins at dst[start:] with the byte of the type
// and has the value behind it, as the Append functions write it.
func AppendDumpEnd(dst []byte, start int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, Version)
	return binary.LittleEndian.AppendUint64(dst, CRC64(0, dst[start:]))
}

// CheckDump tells whether payload has the frame of a dump: a version that is read here, and
// the right checksum. What is in it shows when it is read ([Reader.Dump]).
func CheckDump(payload []byte) error {
	end := len(payload) - dumpTrailerBytes
	switch {
	case end < 0:
		return ErrDumpShort
	case binary.LittleEndian.Uint16(payload[end:]) > VersionMax:
		return ErrDumpVersion
	case binary.LittleEndian.Uint64(payload[end+2:]) != CRC64(0, payload[:end+2]):
		return ErrDumpChecksum
	}
	return nil
}
