// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"hash/maphash"
	"sync/atomic"
)

// Limits of a Cache.
const (
	CachePathsMax     = cacheSets * cacheWays // paths that it keeps
	CacheTextBytesMax = 512                   // longer ones it does not keep

	cacheSets = 512
	cacheWays = 4
)

// A Cache keeps parsed paths by their text. Any number of goroutines may use it: there is no
// lock, only pointers that are read and put as a whole. Of two that put at the same place at
// the same time one is lost, which costs its next user a parse.
type Cache struct {
	seed maphash.Seed
	turn atomic.Uint32 // which way of a full set goes next
	sets [cacheSets][cacheWays]atomic.Pointer[cached]
}

type cached struct {
	text string
	path *Path
}

// NewCache makes an empty cache.
func NewCache() *Cache { return &Cache{seed: maphash.MakeSeed()} }

// Get gives the path that text is, as [Parse] does. It allocates nothing if the cache has it.
func (c *Cache) Get(text []byte) (*Path, error) {
	set := &c.sets[maphash.Bytes(c.seed, text)%cacheSets]
	for i := range set {
		if e := set[i].Load(); e != nil && e.text == string(text) {
			return e.path, nil
		}
	}
	path, err := Parse(string(text))
	if err != nil {
		return nil, err
	}
	if len(text) <= CacheTextBytesMax {
		c.put(set, &cached{string(text), path})
	}
	return path, nil
}

func (c *Cache) put(set *[cacheWays]atomic.Pointer[cached], e *cached) {
	for i := range set {
		if set[i].CompareAndSwap(nil, e) {
			return
		}
	}
	set[c.turn.Add(1)%cacheWays].Store(e)
}
