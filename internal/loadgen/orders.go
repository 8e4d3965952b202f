// SPDX-License-Identifier: Apache-2.0

package loadgen

// orderText is an order of a shop as JSON, one kilobyte of it.
const orderText = `{"id":"__seq__","status":"paid","created":"2026-03-14T09:26:53Z",` +
	`"customer":{"id":48213,"name":"Ada Lovelace","email":"ada@example.com","vip":true},` +
	`"shipping":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH",` +
	`"country":"GB","express":false,"cost":4.90},"currency":"EUR","items":[` +
	`{"id":"001","sku":"LAP-14-SLV","name":"Laptop 14 inch","quantity":1,"price":1299.00,` +
	`"tax":0.19,"tags":["computers","office"]},` +
	`{"id":"002","sku":"MOU-BT-BLK","name":"Mouse","quantity":2,"price":24.99,` +
	`"tax":0.19,"tags":["computers"]},` +
	`{"id":"003","sku":"CAB-USBC-2M","name":"Cable USB-C 2 m","quantity":3,"price":9.95,` +
	`"tax":0.19,"tags":[]},` +
	`{"id":"004","sku":"BAG-14-GRY","name":"Sleeve 14 inch","quantity":1,"price":39.50,` +
	`"tax":0.19,"tags":["bags","travel"]}],` +
	`"payments":[{"method":"card","brand":"visa","last4":"4242","amount":1423.23,` +
	`"captured":true}],"coupon":null,"notes":"Please ring twice and leave the ` +
	`parcel with the neighbour if nobody is at home, thank you. Call before noon.","total":1423.23}`

// orderWorkloads are orders as documents, and the same text as strings beside them.
func orderWorkloads() []Workload {
	fillDocs := []string{"JSON.SET", "order_json:__seq__", "$", orderText}
	fillStrings := []string{"SET", "order_string:__seq__", orderText}
	return []Workload{
		{Name: "order-get", Summary: "GET of an order of 1 KB as a string",
			Steps:   single("GET order_string:__num__"),
			Prefill: fillStrings},
		{Name: "order-set", Summary: "SET of that order",
			Steps:   []Step{{Words: []string{"SET", "order_string:__num__", orderText}}},
			Prefill: fillStrings},
		{Name: "json-get", Summary: "JSON.GET $.total of an order of 1 KB as a document",
			Beyond: true, Steps: single("JSON.GET order_json:__num__ $.total"),
			Prefill: fillDocs},
		{Name: "json-set", Summary: "JSON.SET $.items[0].quantity of that order",
			Beyond: true, Steps: []Step{
				{Words: words("JSON.SET order_json:__num__ $.items[0].quantity 2")},
				{Words: words("JSON.SET order_json:__num__ $.items[0].quantity 3")},
			},
			Prefill: fillDocs},
		{Name: "json-incr", Summary: "JSON.NUMINCRBY $.items[0].quantity of that order",
			Beyond: true, Steps: single("JSON.NUMINCRBY order_json:__num__ $.items[0].quantity 1"),
			Prefill: fillDocs},
	}
}
