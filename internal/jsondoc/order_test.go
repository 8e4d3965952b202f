// SPDX-License-Identifier: Apache-2.0

package jsondoc

// order is what a shop keeps about an order: 1 KB of text.
const order = `{"id":"ord_01J9ZK4T7Q","number":100482,"status":"paid","createdAt":` +
	`"2026-11-22T05:36:00Z","customer":{"id":"cus_88213","name":"Łucja Nowak","email":` +
	`"lucja.nowak@example.com","vip":false,"since":2019},"items":[{"sku":"LAP-14-512-SV",` +
	`"name":"Laptop 14\" 512 GB silver","quantity":1,"price":1799.99,"tax":0.23,"tags":` +
	`["electronics","laptop"]},{"sku":"MOU-BT-BLK","name":"Mouse, Bluetooth, black",` +
	`"quantity":2,"price":24.50,"tax":0.23,"tags":["electronics","accessories"]},{"sku":` +
	`"BAG-14-GRN","name":"Sleeve 14 inch green","quantity":1,"price":39.00,"tax":0.23,` +
	`"tags":["bags"]}],"shipping":{"method":"courier","address":{"street":"Długa 12/4",` +
	`"city":"Kraków","zip":"31-147","country":"PL","geo":[50.067519,19.940186]},"cost":0,` +
	`"eta":"2026-11-25"},"payment":{"provider":"stripe","method":"card","last4":"4242",` +
	`"authorized":true,"amount":1887.99},"discounts":[],"currency":"EUR","total":1887.99,` +
	`"notes":null,"version":7}`
