// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compatibilityPage tells users which commands of Redis are not here, and why.
const compatibilityPage = "docs/compatibility.md"

// TestCommandsThatAreMissing wants the commands that redis-server has and we have not to be
// exactly those of the page.
func TestCommandsThatAreMissing(t *testing.T) {
	theirs := commandRows(t, dialTest(t, StartRedis(t)))
	ours := commandRows(t, dialTest(t, StartStampede(t)))
	reasons := missingCommands(t)
	met := map[string]bool{}
	for name := range theirs {
		container, _, _ := strings.Cut(name, "|")
		if _, there := ours[name]; there {
			continue
		}
		for _, listed := range []string{name, container} {
			met[listed] = met[listed] || reasons[listed] != ""
		}
		if !met[name] && !met[container] {
			t.Errorf("%s is not here, and %s gives no reason", strings.ToUpper(name), compatibilityPage)
		}
	}
	for name := range reasons {
		if !met[name] {
			t.Errorf("%s lists %s, which is not missing", compatibilityPage, strings.ToUpper(name))
		}
	}
}

// missingCommands reads the table of the page: reasons by name, in small letters.
func missingCommands(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(moduleRoot(), compatibilityPage))
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(page)) {
		name, reason, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |")
		if ok && strings.HasPrefix(line, "| `") {
			reasons[strings.ToLower(name)] = strings.Trim(reason, " |\n")
		}
	}
	if len(reasons) == 0 {
		t.Fatalf("%s has no table", compatibilityPage)
	}
	return reasons
}
