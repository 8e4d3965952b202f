// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"io"

	"stampede/internal/rdb"
)

// rewrite reads a dump and makes another one of it with the Append functions.
func rewrite(r *rdb.Reader, payload []byte) ([]byte, error) {
	item, err := r.Dump(payload)
	if err != nil {
		return nil, err
	}
	var t rdb.Type
	var value []byte
	switch item.Type.Kind() {
	case rdb.String:
		s, err := r.String()
		if err != nil {
			return nil, err
		}
		t, value = rdb.TypeString, rdb.AppendString(nil, s)
	case rdb.List:
		t = rdb.TypeList
		value, err = rewriteElements(r.Member)
		if item.Type == rdb.TypeListPacks {
			if _, err := r.Dump(payload); err != nil {
				return nil, err
			}
			t = rdb.TypeListPacks
			value, err = rewriteNodes(r)
		}
	case rdb.Set:
		t = rdb.TypeSet
		value, err = rewriteElements(r.Member)
	case rdb.Hash:
		if pack, ok := r.Pack(); ok {
			t, value = rdb.TypeHashPack, rdb.AppendText(nil, pack)
			break
		}
		t = rdb.TypeHash
		value, err = rewritePairs(r)
	case rdb.ZSet:
		if pack, ok := r.Pack(); ok {
			t, value = rdb.TypeZSetPack, rdb.AppendText(nil, pack)
			break
		}
		t = rdb.TypeZSet
		value, err = rewriteScored(r)
	default:
		t, value = item.Type, payload[1:len(payload)-10]
	}
	again := append([]byte("front"), byte(t))
	return rdb.AppendDumpEnd(append(again, value...), len("front"))[len("front"):], err
}

func rewriteElements(next func() ([]byte, error)) ([]byte, error) {
	var body []byte
	for n := 0; ; n++ {
		element, err := next()
		if err == io.EOF {
			return append(rdb.AppendLen(nil, n), body...), nil
		}
		if err != nil {
			return nil, err
		}
		body = rdb.AppendString(body, element)
	}
}

func rewriteNodes(r *rdb.Reader) ([]byte, error) {
	var body []byte
	for n := 0; ; n++ {
		pack, element, err := r.Node()
		switch {
		case err == io.EOF:
			return append(rdb.AppendLen(nil, n), body...), nil
		case err != nil:
			return nil, err
		case pack != nil:
			body = rdb.AppendListPack(body, pack)
		default:
			body = rdb.AppendListPlain(body, element)
		}
	}
}

func rewritePairs(r *rdb.Reader) ([]byte, error) {
	var body []byte
	for n := 0; ; n++ {
		field, value, err := r.Pair()
		if err == io.EOF {
			return append(rdb.AppendLen(nil, n), body...), nil
		}
		if err != nil {
			return nil, err
		}
		body = rdb.AppendPair(body, field, value)
	}
}

func rewriteScored(r *rdb.Reader) ([]byte, error) {
	var body []byte
	for n := 0; ; n++ {
		member, score, err := r.Scored()
		if err == io.EOF {
			return append(rdb.AppendLen(nil, n), body...), nil
		}
		if err != nil {
			return nil, err
		}
		body = rdb.AppendScored(body, member, score)
	}
}
