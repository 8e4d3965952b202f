// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// syntaxError words what gopher-lua's compiler says as Lua's does.
func syntaxError(source, name string, err error) error {
	var syntax *parse.Error
	if errors.As(err, &syntax) {
		line := syntax.Pos.Line
		near := syntax.Token
		if line == parse.EOF {
			line, near = 1+strings.Count(source, "\n"), "<eof>"
		}
		return fmt.Errorf("%s:%d: syntax error near '%s'", name, line, near)
	}
	var compile *lua.CompileError
	if errors.As(err, &compile) {
		return fmt.Errorf("%s:%d: %s", name, compile.Line, compile.Message)
	}
	return fmt.Errorf("%s:1: %s", name, err.Error())
}
