// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"fmt"
	"os"
	"strconv"

	"stampede/internal/journal"
	"stampede/internal/rdb"
)

// redisVersion is whose format a snapshot has, as redis-server writes it there.
const redisVersion = "7.0.15"

const readOnly = os.O_RDONLY

// note reads an aux field.
func (h *head) note(item *rdb.Item) error {
	var err error
	switch string(item.Name) {
	case auxJournal:
		h.journal, err = strconv.ParseUint(string(item.Value), 16, 64)
	case auxPosition:
		var n uint64
		n, err = strconv.ParseUint(string(item.Value), 10, 64)
		h.position = journal.Position(n)
	case auxFence:
		h.fence, err = strconv.ParseInt(string(item.Value), 10, 64)
	}
	if err != nil {
		return fmt.Errorf("its field %s is %q", item.Name, item.Value)
	}
	return nil
}

// append appends the beginning of a snapshot.
func (h *head) append(dst []byte, nowMs int64) []byte {
	dst = rdb.AppendHeader(dst)
	dst = rdb.AppendAux(dst, "redis-ver", redisVersion)
	dst = rdb.AppendAuxInt(dst, "redis-bits", 64)
	dst = rdb.AppendAuxInt(dst, "ctime", nowMs/1000)
	if h.journal != 0 {
		dst = rdb.AppendAux(dst, auxJournal, strconv.FormatUint(h.journal, 16))
		dst = rdb.AppendAux(dst, auxPosition, strconv.FormatUint(uint64(h.position), 10))
	}
	if h.fence != 0 {
		dst = rdb.AppendAuxInt(dst, auxFence, h.fence)
	}
	return dst
}
