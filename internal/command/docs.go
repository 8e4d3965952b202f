// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Own marks, as the Since of a row, a command that Redis does not have.
const Own = "stampede"

// chapters holds the heading of each group, in the order of the page of commands.
var chapters = [...]struct {
	group Group
	title string
}{
	{GroupString, "Strings"}, {GroupHash, "Hashes"}, {GroupList, "Lists"}, {GroupSet, "Sets"},
	{GroupSortedSet, "Sorted sets"}, {GroupStream, "Streams"}, {GroupBitmap, "Bitmaps"},
	{GroupJSON, "JSON documents"},
	{GroupStock, "Stock: units held, sold, released"}, {GroupLock, "Locks"},
	{GroupHyperLogLog, "HyperLogLog"}, {GroupGeo, "Places on Earth"},
	{GroupGeneric, "Keys"}, {GroupTransactions, "Transactions"}, {GroupScripting, "Scripts"},
	{GroupPubSub, "Channels"}, {GroupConnection, "Connections"}, {GroupCluster, "Cluster"},
	{GroupServer, "Server"},
}

// Markdown is the page of commands: all rows of the table by chapter, each with its
// synopsis, what it does and what it costs.
func Markdown(t *Table) []byte {
	byGroup := map[Group][]*Row{}
	for _, row := range t.Rows() {
		callable := row.Do != nil || row.Container != nil
		if callable && row.Flags&Hidden == 0 && !row.derived {
			byGroup[row.Group] = append(byGroup[row.Group], row)
		}
	}
	page := &strings.Builder{}
	page.WriteString(docsHead)
	for _, chapter := range chapters {
		if n := len(byGroup[chapter.group]); n > 0 {
			fmt.Fprintf(page, "- [%s](#%s) (%d)\n", chapter.title, anchor(chapter.title), n)
		}
	}
	for _, chapter := range chapters {
		rows := byGroup[chapter.group]
		if len(rows) == 0 {
			continue
		}
		slices.SortFunc(rows, func(a, b *Row) int { return cmp.Compare(a.Name, b.Name) })
		fmt.Fprintf(page, "\n## %s\n\n", chapter.title)
		for _, row := range rows {
			writeEntry(page, row)
		}
	}
	return []byte(page.String())
}

const docsHead = "# Commands\n\n" +
	"<!-- Generated from the command table. Change the rows, not this page. -->\n\n" +
	"Written as in the Redis manual: `[may be left out]`, `<one | of | these>`, " +
	"`again [again ...]`. A command\nbehaves as in Redis 7.0 unless a later version is named " +
	"or it is marked **Stampede**: then it is\nour own. The helps of the containers " +
	"(CLIENT HELP and so on) are left out.\n\n"

func writeEntry(page *strings.Builder, row *Row) {
	call := row.Synopsis()
	if row.Container != nil {
		call = row.Container.Name + " " + call
	}
	fmt.Fprintf(page, "- `%s`\\\n  %s %s.", call, row.Summary, capital(row.Cost))
	switch {
	case row.Since == Own:
		page.WriteString(" **Stampede**.")
	case row.Since >= "7.1":
		fmt.Fprintf(page, " From Redis %s.", row.Since)
	case row.Deprecated != "" && row.Instead != "":
		fmt.Fprintf(page, " Redis %s and later prefer %s.", row.Deprecated, row.Instead)
	}
	page.WriteByte('\n')
}

// anchor is how a heading is linked to.
func anchor(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), " ", "-")
}

// capital is text with a capital letter at its start.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
