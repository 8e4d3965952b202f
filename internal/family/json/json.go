// SPDX-License-Identifier: Apache-2.0

// Package json is the family of JSON documents: whole ones, and any part of one that
// a path leads to.
//
// Replies and errors are those of RedisJSON 2.6; docs/decisions/0008-json.md tells the
// exceptions. A path that begins with $ may lead to any number of values, and the reply is
// a list with an element for each; a legacy path is about one value, and so is the reply.
//
// A handler runs while its key's shard is owned. It selects what the path leads to, makes
// a list of edits, and lets the document be changed by all of them at once: if anything is
// wrong nothing has happened. Its scratch memory is the desk of the shard's keyspace; only
// the parsed paths are shared by all shards.
//
// What a document is (package jsondoc), paths (package jsonpath) and how a key holds
// a document (package keyspace) stand elsewhere.
package json

import (
	"stampede/internal/command"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
)

// sinceRedis is the version of Redis that had the commands without a module.
const sinceRedis = "8.0.0"

const (
	read  = command.Read
	write = command.Write
	grow  = command.Write | command.DenyOOM
)

// chapter is what the handlers share.
type chapter struct{ paths *jsonpath.Cache }

// on makes a handler of a function that works with the desk of its shard.
func on(do func(db *keyspace.DB, c *command.Call)) command.OnShard {
	return func(db *keyspace.DB, c *command.Call) {
		do(db, c)
		db.Space().Desk().Clear()
	}
}

// Commands gives the rows of this family.
func Commands() []command.Spec {
	ch := &chapter{paths: jsonpath.NewCache()}
	var rows []command.Spec
	for _, part := range [][]command.Spec{
		ch.wholeRows(), ch.valueRows(), ch.arrayRows(), ch.readRows(),
	} {
		rows = append(rows, part...)
	}
	for i := range rows {
		rows[i].Group, rows[i].Since = command.GroupJSON, sinceRedis
	}
	return rows
}

// wholeRows are the commands for parts of any kind.
func (ch *chapter) wholeRows() []command.Spec {
	return []command.Spec{{
		Name: "JSON.CLEAR", Args: "@key [path]",
		Summary: "Empties arrays and objects and sets numbers to zero.",
		Flags:   write, Cost: "O(N) in the size of the document",
		Do: on(ch.empty),
	}, {
		Name: "JSON.DEL", Args: "@key [path]", Summary: "Removes values from a document.",
		Flags: write, Cost: "O(N) in the size of the document",
		KeyUse: "RW delete",
		Do:     on(ch.del),
	}, {
		Name: "JSON.FORGET", Args: "@key [path]", Summary: "Removes values, as JSON.DEL does.",
		Flags: write, Cost: "O(N) in the size of the document",
		KeyUse: "RW delete",
		Do:     on(ch.del),
	}, {
		Name: "JSON.GET",
		Args: "@key [INDENT indent] [NEWLINE newline] [SPACE space] [NOESCAPE] " +
			"[FORMAT format] [path [path ...]]",
		Summary: "Gives values of a document as JSON text.",
		Flags:   read, Cost: "O(N) in the size of the document",
		Do: on(ch.get),
	}, {
		Name: "JSON.MERGE", Args: "@key path value [FORMAT format]",
		Summary: "Merges a patch (RFC 7396) into values of a document.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		Do: on(ch.merge),
	}, {
		Name: "JSON.MGET", Args: "@key [@key ...] path",
		Summary: "Gives values of several documents as JSON text.",
		Flags:   read, Cost: "O(N) in the size of the documents",
		Tips: "request_policy:multi_shard",
		Do:   command.OnKeys(ch.mget),
	}, {
		Name: "JSON.MSET", Args: "@key path value [@key path value ...]",
		Summary: "Sets values of several documents, all or none.",
		Flags:   grow, Cost: "O(N) in the size of the documents",
		Tips: "request_policy:multi_shard response_policy:all_succeeded",
		Do:   command.OnKeys(ch.mset),
	}, {
		Name: "JSON.SET", Args: "@key path value [NX | XX] [FORMAT format]",
		Summary: "Sets values of a document, or makes one.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		Do: on(ch.set),
	}}
}

// valueRows are the commands that change numbers, strings and truth values.
func (ch *chapter) valueRows() []command.Spec {
	return []command.Spec{{
		Name: "JSON.NUMINCRBY", Args: "@key path value:double",
		Summary: "Adds a number to those of a document.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW access update",
		Do:     on(ch.numIncrBy),
	}, {
		Name: "JSON.NUMMULTBY", Args: "@key path value:double",
		Summary: "Multiplies numbers of a document by one.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW access update",
		Do:     on(ch.numMultBy),
	}, {
		Name: "JSON.NUMPOWBY", Args: "@key path value:double",
		Summary: "Raises numbers of a document to a power.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW access update",
		Do:     on(ch.numPowBy),
	}, {
		Name: "JSON.STRAPPEND", Args: "@key [path] value",
		Summary: "Puts text behind strings of a document.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW insert",
		Do:     on(ch.strAppend),
	}, {
		Name: "JSON.TOGGLE", Args: "@key path", Summary: "Makes true of false and false of true.",
		Flags: write, Cost: "O(N) in the size of the document",
		KeyUse: "RW access update",
		Do:     on(ch.toggle),
	}}
}

// arrayRows are the commands that change arrays.
func (ch *chapter) arrayRows() []command.Spec {
	return []command.Spec{{
		Name: "JSON.ARRAPPEND", Args: "@key path value [value ...]",
		Summary: "Puts values behind the last of arrays of a document.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW insert",
		Do:     on(ch.arrAppend),
	}, {
		Name: "JSON.ARRINSERT", Args: "@key path index:int value [value ...]",
		Summary: "Puts values into arrays of a document, before one of theirs.",
		Flags:   grow, Cost: "O(N) in the size of the document",
		KeyUse: "RW insert",
		Do:     on(ch.arrInsert),
	}, {
		Name: "JSON.ARRPOP", Args: "@key [path [index:int]]",
		Summary: "Removes a value of arrays of a document and gives it.",
		Flags:   write, Cost: "O(N) in the size of the document",
		KeyUse: "RW access delete",
		Do:     on(ch.arrPop),
	}, {
		Name: "JSON.ARRTRIM", Args: "@key path start:int stop:int",
		Summary: "Keeps a range of arrays of a document.",
		Flags:   write, Cost: "O(N) in the size of the document",
		KeyUse: "RW delete",
		Do:     on(ch.arrTrim),
	}}
}

// readRows are the commands that tell something of a document.
func (ch *chapter) readRows() []command.Spec {
	return []command.Spec{{
		Name: "JSON.ARRINDEX", Args: "@key path value [start:int [stop:int]]",
		Summary: "Tells where a value stands in arrays of a document.",
		Flags:   read, Cost: "O(N) in the size of the document",
		Do: on(ch.arrIndex),
	}, {
		Name: "JSON.ARRLEN", Args: "@key [path]", Summary: "Counts the values of arrays.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.arrLen),
	}, {
		Name: "JSON.DEBUG", Summary: "Looks behind documents.",
	}, {
		Name: "JSON.DEBUG|MEMORY", Args: "@key [path]",
		Summary: "Tells how many bytes values of a document take.",
		Flags:   read, Cost: "O(N) in the size of the document",
		Do: on(ch.debugMemory),
	}, {
		Name: "JSON.OBJKEYS", Args: "@key [path]", Summary: "Lists the names of objects' members.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.objKeys),
	}, {
		Name: "JSON.OBJLEN", Args: "@key [path]", Summary: "Counts the members of objects.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.objLen),
	}, {
		Name: "JSON.RESP", Args: "@key [path]", Summary: "Gives values in the form of the protocol.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.resp),
	}, {
		Name: "JSON.STRLEN", Args: "@key [path]", Summary: "Counts the bytes of strings.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.strLen),
	}, {
		Name: "JSON.TYPE", Args: "@key [path]", Summary: "Tells what values of a document are.",
		Flags: read, Cost: "O(N) in the size of the document",
		Do: on(ch.typeOf),
	}}
}
