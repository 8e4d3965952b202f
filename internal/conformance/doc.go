// SPDX-License-Identifier: Apache-2.0

// Package conformance is the proof of compatibility: it asks a server questions over TCP
// and compares the answers with those of a real Redis.
//
// Four kinds of proof stand here:
//
//   - scripts with recorded replies ([Run]; testdata/<family>/*.txt), written by people,
//     answered once by redis-server 7.0 and replayed on every server since;
//   - a differential fuzzer ([Fuzz]): the same random calls go to two servers in lockstep,
//     and a difference is shrunk to the fewest calls that show it, printed as a script;
//   - histories of concurrent clients, checked for linearizability (package verify);
//   - crashes: our server is killed under load, also of a live sale, started again, and asked
//     what it still knows (package verify).
//
// # The notation of scripts
//
// A line that begins with "> " is a call; the lines below it, up to a blank line, a comment
// or the next call, are its reply: one line per element, elements of an aggregate indented
// by two spaces.
//
//	> SET k "a\x00b" PX 100     arguments are words or Go strings; "x"*3 repeats;
//	+OK                         <seq 1..3 f%d v%d> counts; ${name} is a captured reply
//	[b]> MGET k none            the connection named b, opened when first used
//	*2                          *array %map ~set >push |attribute, with their lengths
//	  "a\x00b"                  bulk string
//	  $-1                       null bulk; *-1 null array; _ null of RESP3
//
// Other scalars are written as on the wire: +simple -error :1 ,1.5 #t (12 =txt:words.
// Volatile parts are patterns: <any> for a whole value, :<1..9> :<1..> for integers, and
// $/regexp/ +/regexp/ -/regexp/ for strings. (none) says that no reply comes, (closed)
// that the server closes the connection.
//
// Other ways to ask: "raw> " sends bytes as they are, "more> " reads one more reply,
// "until> " repeats a call until the reply is the recorded one. A line that begins with
// "~ " says something of the next reply: "~ unordered [pairs] [in N]" for replies in no
// defined order (of the N-th element), "~ capture name" keeps its text for later calls.
//
// In the head of a script, "# proto 3" greets with HELLO 3 on each connection, "# config
// name value" sets a parameter and puts it back afterwards, "# ours" marks what Redis does
// not have. Every script starts on a server without data.
//
// # Running it
//
//	go test ./internal/conformance -run Scripts -update           records what redis-server says
//	go test ./internal/conformance -run Fuzz -seed 7 -calls 100000
//	go test ./internal/conformance -run Million -million 1000000 -v
//	go test ./internal/conformance -run Histories -seed 7
//	go test ./internal/conformance -run Crashes -crashes 1000 -v
//	go test ./internal/conformance -run LiveSale -sale-crashes 1000 -v
//
// The environment chooses our server: see [EnvAddr] and [EnvBin].
//
// # Ownership
//
// A [Conn] belongs to one goroutine. Scripts and the fuzzer empty the servers they talk to:
// point them at nothing that holds data.
//
// # What is not here
//
// Anything of our own server: the client and the reader of the protocol are those of package
// verify, so that a mistake in ours cannot hide itself.
package conformance
