// SPDX-License-Identifier: Apache-2.0

package config

import (
	"math"

	"stampede/internal/assert"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/object"
)

// Limits are the sizes up to which collections stay packed.
func (c *Config) Limits() object.Limits {
	return object.Limits{
		StringBytesMax: c.size(ProtoMaxBulkLen),
		HashEntriesMax: c.size(HashMaxListpackEntries),
		HashValueMax:   c.size(HashMaxListpackValue),
		ListFill:       int(c.Int(ListMaxListpackSize)),
		SetIntsMax:     c.size(SetMaxIntsetEntries),
		ZSetEntriesMax: c.size(ZSetMaxListpackEntries),
		ZSetValueMax:   c.size(ZSetMaxListpackValue),
		SketchBytesMax: c.size(HLLSparseMaxBytes),
		StreamNode: stream.Fill{
			Bytes: c.size(StreamNodeMaxBytes), Entries: c.size(StreamNodeMaxEntries),
		},
	}
}

func (c *Config) size(p Param) int { return int(min(c.Int(p), math.MaxInt)) }

// Policy is maxmemory-policy.
func (c *Config) Policy() keyspace.Policy {
	policy, ok := keyspace.ParsePolicy(c.Text(MaxMemoryPolicy))
	assert.That(ok, "config: policy that the keyspace does not know")
	return policy
}

// Apply gives a Space the parameters that it keeps: limits and policy. Whoever calls it
// owns the Space's shard.
func (c *Config) Apply(s *keyspace.Space) {
	s.Limits = c.Limits()
	if policy := c.Policy(); policy != s.Policy() {
		s.SetPolicy(policy)
	}
}
