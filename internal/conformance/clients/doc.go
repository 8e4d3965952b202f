// SPDX-License-Identifier: Apache-2.0

// Package clients proves that a client library of Go works unchanged on our server: it has
// only tests, and they use github.com/redis/go-redis as programs do, in RESP2 and RESP3, and
// what is built on it with scripts: locks over five servers (redsync), rate limits (redis_rate),
// queues of tasks (asynq).
//
// A test is a story told to a client. It is told to our server, in each way to run it, and
// to redis-server, and what the client saw must be the same; what it must be in any case
// the story checks itself. Each client of a story belongs to that story and is closed at
// its end; the servers belong to the test.
//
// Not here: the bytes of replies, which the scripts of package conformance compare, and the
// libraries of other languages.
package clients
