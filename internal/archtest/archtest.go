// SPDX-License-Identifier: Apache-2.0

// Package archtest keeps the rules of the house: who may import whom, and what no file may
// hold. It has only tests, and they read the source of the module.
package archtest
