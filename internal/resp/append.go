// SPDX-License-Identifier: Apache-2.0

package resp

import "strconv"

// AppendSimple appends a status such as OK. A line break in text becomes a blank.
func AppendSimple(dst []byte, text string) []byte {
	return appendLine(append(dst, byte(KindSimple)), text)
}

// AppendError appends an error; text begins with its code ("ERR no such key"). Line
// breaks at the end are left out, others become blanks.
func AppendError(dst []byte, text string) []byte {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return appendLine(append(dst, byte(KindError)), text)
}

// appendLine appends text, made one line, and the end of the line.
func appendLine(dst []byte, text string) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c == '\r' || c == '\n' {
			dst[start+i] = ' '
		}
	}
	return append(dst, '\r', '\n')
}

// AppendInt appends an integer.
func AppendInt(dst []byte, value int64) []byte {
	return appendHeader(dst, KindInt, value)
}

// AppendBulk appends a string of any bytes.
func AppendBulk(dst, value []byte) []byte {
	dst = appendHeader(dst, KindBulk, int64(len(value)))
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// AppendBulkString is [AppendBulk] of a string.
func AppendBulkString(dst []byte, value string) []byte {
	dst = appendHeader(dst, KindBulk, int64(len(value)))
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// AppendNull appends the value that is not there.
func AppendNull(dst []byte, proto Proto) []byte {
	if proto != RESP3 {
		return append(dst, "$-1\r\n"...)
	}
	return append(dst, "_\r\n"...)
}

// AppendNullArray appends the array that is not there, which only RESP2 tells from the
// value that is not there.
func AppendNullArray(dst []byte, proto Proto) []byte {
	if proto != RESP3 {
		return append(dst, "*-1\r\n"...)
	}
	return append(dst, "_\r\n"...)
}

// AppendArray appends the start of an array; the n elements follow.
func AppendArray(dst []byte, n int) []byte {
	return appendHeader(dst, KindArray, int64(n))
}

// AppendMap appends the start of a map; n pairs of key and value follow. In RESP2 it is
// an array of 2n elements.
func AppendMap(dst []byte, n int, proto Proto) []byte {
	if proto != RESP3 {
		return appendHeader(dst, KindArray, 2*int64(n))
	}
	return appendHeader(dst, KindMap, int64(n))
}

// AppendSet appends the start of a set; the n members follow. In RESP2 it is an array.
func AppendSet(dst []byte, n int, proto Proto) []byte {
	if proto != RESP3 {
		return appendHeader(dst, KindArray, int64(n))
	}
	return appendHeader(dst, KindSet, int64(n))
}

// AppendPush appends the start of a message that answers no call; the n elements follow.
// In RESP2 it is an array.
func AppendPush(dst []byte, n int, proto Proto) []byte {
	if proto != RESP3 {
		return appendHeader(dst, KindArray, int64(n))
	}
	return appendHeader(dst, KindPush, int64(n))
}

// AppendDouble appends a floating-point number as [FormatDouble] writes it; in RESP2 it
// is a string.
func AppendDouble(dst []byte, value float64, proto Proto) []byte {
	if proto == RESP3 {
		dst = FormatDouble(append(dst, byte(KindDouble)), value)
		return append(dst, '\r', '\n')
	}
	var text [doubleBytesMax]byte
	return AppendBulk(dst, FormatDouble(text[:0], value))
}

// AppendBool appends a truth value; in RESP2 it is the integer 1 or 0.
func AppendBool(dst []byte, value bool, proto Proto) []byte {
	switch {
	case proto == RESP3 && value:
		return append(dst, "#t\r\n"...)
	case proto == RESP3:
		return append(dst, "#f\r\n"...)
	case value:
		return append(dst, ":1\r\n"...)
	default:
		return append(dst, ":0\r\n"...)
	}
}

// AppendBigNumber appends an integer of any size, given in decimal digits; in RESP2 it
// is a string.
func AppendBigNumber(dst []byte, digits string, proto Proto) []byte {
	if proto != RESP3 {
		return AppendBulkString(dst, digits)
	}
	return appendLine(append(dst, byte(KindBigNumber)), digits)
}

// AppendVerbatim appends text that is meant to be shown as it is. The three letters of
// ext tell what it is, as a file name does ("txt", "mkd"); in RESP2 it is a plain string.
func AppendVerbatim(dst []byte, ext, text string, proto Proto) []byte {
	if proto != RESP3 {
		return AppendBulkString(dst, text)
	}
	dst = appendHeader(dst, KindVerbatim, int64(len(ext)+1+len(text)))
	dst = append(dst, ext...)
	dst = append(dst, ':')
	dst = append(dst, text...)
	return append(dst, '\r', '\n')
}

// AppendCommand appends a call, as a client sends it; args[0] is the name.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = AppendArray(dst, len(args))
	for _, arg := range args {
		dst = AppendBulk(dst, arg)
	}
	return dst
}

// appendHeader appends the line that is an integer or says how long something is.
func appendHeader(dst []byte, kind Kind, n int64) []byte {
	switch {
	case uint64(n) < 10:
		return append(dst, byte(kind), byte('0'+n), '\r', '\n')
	case uint64(n) < 100:
		return append(dst, byte(kind), byte('0'+n/10), byte('0'+n%10), '\r', '\n')
	case uint64(n) < 1000:
		return append(dst, byte(kind), byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10),
			'\r', '\n')
	}
	dst = strconv.AppendInt(append(dst, byte(kind)), n, 10)
	return append(dst, '\r', '\n')
}
