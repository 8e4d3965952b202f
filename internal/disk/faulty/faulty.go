// SPDX-License-Identifier: Apache-2.0

// Package faulty is a file system in memory that fails as disks do, for tests.
package faulty
