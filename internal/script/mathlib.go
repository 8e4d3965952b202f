// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// mathLibrary is the table math.
func (m *machine) mathLibrary() *lua.LTable {
	one := map[string]func(float64) float64{
		"abs": math.Abs, "acos": math.Acos, "asin": math.Asin, "atan": math.Atan,
		"ceil": math.Ceil, "cos": math.Cos, "cosh": math.Cosh, "exp": math.Exp,
		"floor": math.Floor, "log": math.Log, "log10": math.Log10, "sin": math.Sin,
		"sinh": math.Sinh, "sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
		"deg": func(x float64) float64 { return x / (math.Pi / 180) },
		"rad": func(x float64) float64 { return x * (math.Pi / 180) },
	}
	two := map[string]func(a, b float64) float64{
		"atan2": math.Atan2, "fmod": math.Mod, "mod": math.Mod, "pow": math.Pow,
		"ldexp": func(x, n float64) float64 { return math.Ldexp(x, int(integer(n))) },
	}
	named := map[string]lua.LGFunction{
		"max": m.mathMost("max", func(a, b float64) bool { return a > b }),
		"min": m.mathMost("min", func(a, b float64) bool { return a < b }),
		"frexp": func(L *lua.LState) int {
			fraction, exponent := math.Frexp(m.checkNumber(L, 1, "frexp"))
			L.Push(lua.LNumber(fraction))
			L.Push(lua.LNumber(exponent))
			return 2
		},
		"modf": func(L *lua.LState) int {
			whole, fraction := modf(m.checkNumber(L, 1, "modf"))
			L.Push(lua.LNumber(whole))
			L.Push(lua.LNumber(fraction))
			return 2
		},
		"random": m.mathRandom,
		"randomseed": func(L *lua.LState) int {
			m.random = &m.seeded
			m.random.seed(int32(integer(m.checkNumber(L, 1, "randomseed"))))
			return 0
		},
	}
	for name, f := range one {
		named[name] = func(L *lua.LState) int {
			L.Push(m.words.signed(f(m.checkNumber(L, 1, name))))
			return 1
		}
	}
	for name, f := range two {
		named[name] = func(L *lua.LState) int {
			a, b := m.checkNumber(L, 1, name), m.checkNumber(L, 2, name)
			L.Push(lua.LNumber(f(a, b)))
			return 1
		}
	}
	t := m.functions(named)
	t.RawSetString("pi", lua.LNumber(math.Pi))
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	return t
}

// modf parts a number into what stands before and behind the point.
func modf(x float64) (whole, fraction float64) {
	if math.IsInf(x, 0) {
		return x, math.Copysign(0, x)
	}
	whole = math.Trunc(x)
	return whole, math.Copysign(x-whole, x)
}

// mathMost is math.max or math.min.
func (m *machine) mathMost(name string, better func(a, b float64) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		most := m.checkNumber(L, 1, name)
		for i := 2; i <= L.GetTop(); i++ {
			if n := m.checkNumber(L, i, name); better(n, most) {
				most = n
			}
		}
		L.Push(lua.LNumber(most))
		return 1
	}
}

func (m *machine) mathRandom(L *lua.LState) int {
	r := m.random.next()
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(r))
	case 1:
		most := m.checkInt(L, 1, "random")
		if most < 1 {
			m.badArgument(L, 1, "random", "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(most)) + 1))
	case 2:
		least, most := m.checkInt(L, 1, "random"), m.checkInt(L, 2, "random")
		if least > most {
			m.badArgument(L, 2, "random", "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(most-least+1)) + float64(least)))
	default:
		m.fault(L, "wrong number of arguments")
	}
	return 1
}

// random is the generator of Redis: the linear congruences of 48 bits known as drand48, of which
// 31 bits are used. All scripts of a library share one, which begins where that of Redis does.
type random struct{ x atomic.Uint64 }

const (
	randomFactor = 0x5DEECE66D
	randomAdd    = 0xB
	randomLow    = 0x330E
	randomMax    = 1<<31 - 1
	randomBegin  = 0x1234ABCD330E
)

func (r *random) seed(n int32) { r.x.Store(uint64(uint32(n))<<16 | randomLow) }

// next is a number from 0 up to, but not including, 1.
func (r *random) next() float64 {
	for {
		old := r.x.Load()
		x := (old*randomFactor + randomAdd) & (1<<48 - 1)
		if r.x.CompareAndSwap(old, x) {
			return float64(x>>17%randomMax) / randomMax
		}
	}
}
