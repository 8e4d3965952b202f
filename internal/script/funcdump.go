// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"errors"
	"io"

	"stampede/internal/rdb"
	"stampede/internal/reply"
)

const (
	errDump        reply.Error = "ERR DUMP payload version or checksum are wrong"
	errNotFunction reply.Error = "ERR given type is not a function"
	errDumpText    reply.Error = "ERR Failed loading library payload"
)

// Dump is the code of all libraries in the format of Redis' FUNCTION DUMP: as they stand in an RDB
// file one after the other, and behind them the version and the checksum of a DUMP payload.
func (f *Functions) Dump() (payload []byte) {
	for _, lib := range f.Libraries() {
		payload = rdb.AppendFunction(payload, []byte(lib.Code))
	}
	return rdb.AppendDumpEnd(payload, 0)
}

// ReadDump is the code of the libraries in what [Functions.Dump] or Redis has made. What is wrong
// with it is a [reply.Error].
func ReadDump(payload []byte) (codes []string, err error) {
	if rdb.CheckDump(payload) != nil {
		return nil, errDump
	}
	const trailerBytes = 2 + 8 // the version and the checksum
	body := payload[:len(payload)-trailerBytes]
	end := make([]byte, 1+8) // of a file without a checksum
	end[0] = 0xff
	const bufferBytes = 4 << 10
	header := rdb.AppendHeader(nil)
	total := int64(len(header) + len(body) + len(end))
	r := rdb.NewReader(io.MultiReader(
		bytes.NewReader(header), bytes.NewReader(body), bytes.NewReader(end),
	), rdb.Options{BufferBytes: bufferBytes})
	for {
		item, err := r.Next()
		switch {
		case err == io.EOF && r.Offset() == total:
			return codes, nil
		case err == io.EOF, // the file ends within the payload
			errors.Is(err, rdb.ErrType), err == nil && item.What != rdb.ItemFunction:
			return nil, errNotFunction
		case err != nil:
			return nil, errDumpText
		}
		codes = append(codes, string(item.Value))
	}
}
