// SPDX-License-Identifier: Apache-2.0

// Package node proves that the client libraries of Node.js work unchanged on our server: it
// has only a test, which runs the stories of *.test.js against redis-server and ours.
//
// The libraries are ioredis and redis and, on top of them, redlock and rate-limiter-flexible,
// which live on scripts, connect-redis with its sessions, and BullMQ with its queues.
// package-lock.json pins them; `npm ci` in this folder fetches them.
// libraries.js opens clients, story.js says how a story is told and compared; the servers
// belong to the test in Go, the clients to each story.
//
// Not here: what package clients proves of the server alone. These stories are about what
// the libraries do by themselves: greet, check whether the server is ready, put calls
// together into pipelines, reconnect, transform replies.
package node
