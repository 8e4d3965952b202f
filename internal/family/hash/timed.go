// SPDX-License-Identifier: Apache-2.0

package hash

import "stampede/internal/command"

const (
	fieldsArgs = " FIELDS numfields:int field [field ...]"
	expireArgs = " [NX | XX | GT | LT]" + fieldsArgs
	endings    = "EX seconds:int | PX milliseconds:int | EXAT unix-time-seconds:unix-time | " +
		"PXAT unix-time-milliseconds:unix-time | "
	perField = "O(N) in fields"
)

// timedRows are the commands about the deadlines of fields, of Redis 7.4 and 8.
func timedRows() []command.Spec {
	row := func(name, args, since, summary string, flags command.Flags, use string,
		do command.OnShard) command.Spec {
		return command.Spec{
			Name: name, Args: args, Since: since, Summary: summary, Group: command.GroupHash,
			Flags: flags, Cost: perField, KeyUse: use, Do: do,
		}
	}
	const (
		read  = command.Read | command.Fast
		write = command.Write | command.Fast
		grow  = write | command.DenyOOM
		ro    = "RO access"
		rw    = "RW update"
	)
	return []command.Spec{
		row("HEXPIRE", "@key seconds:int"+expireArgs, "7.4.0",
			"Lets fields of a hash end in some seconds.", grow, rw, expireSeconds),
		row("HEXPIREAT", "@key unix-time-seconds:unix-time"+expireArgs, "7.4.0",
			"Lets fields of a hash end at a Unix time in seconds.", grow, rw, expireAtSeconds),
		row("HEXPIRETIME", "@key"+fieldsArgs, "7.4.0",
			"Gives the Unix times in seconds when fields of a hash end.", read, ro, expireTime),
		row("HGETDEL", "@key"+fieldsArgs, "8.0.0",
			"Gives the values of fields of a hash and removes them.", write,
			"RW access delete", getDel),
		row("HGETEX", "@key ["+endings+"PERSIST]"+fieldsArgs, "8.0.0",
			"Gives the values of fields of a hash and changes when they end.", grow,
			"RW access update", getEx),
		row("HPERSIST", "@key"+fieldsArgs, "7.4.0",
			"Lets fields of a hash stay for ever.", write, rw, persist),
		row("HPEXPIRE", "@key milliseconds:int"+expireArgs, "7.4.0",
			"Lets fields of a hash end in some milliseconds.", grow, rw, expireMillis),
		row("HPEXPIREAT", "@key unix-time-milliseconds:unix-time"+expireArgs, "7.4.0",
			"Lets fields of a hash end at a Unix time in milliseconds.", grow, rw, expireAtMillis),
		row("HPEXPIRETIME", "@key"+fieldsArgs, "7.4.0",
			"Gives the Unix times in milliseconds when fields of a hash end.", read, ro,
			expireTimeMillis),
		row("HPTTL", "@key"+fieldsArgs, "7.4.0",
			"Gives the milliseconds that fields of a hash have left.", read, ro, ttlMillis),
		row("HSETEX", "@key [FNX | FXX] ["+endings+
			"KEEPTTL] FIELDS numfields:int field value [field value ...]", "8.0.0",
			"Sets fields of a hash and when they end.", grow, rw, setEx),
		row("HTTL", "@key"+fieldsArgs, "7.4.0",
			"Gives the seconds that fields of a hash have left.", read, ro, ttl),
	}
}
