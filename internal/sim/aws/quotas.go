package aws

import (
	"encoding/json"
	"net/http"
)

// quotas of the simulated account, by Service Quotas' codes, where moto knows none: the defaults that AWS publishes, and
// for virtual CPUs what an account has that was in use for a while.
func quotas() map[string]float64 {
	return map[string]float64{
		"L-1216C47A": 64, // virtual CPUs of standard instances
		"L-0263D0A3": 5,  // elastic addresses
		"L-69A177A2": 50, // network load balancers
	}
}

// answerQuota answers for a quota of an account that moto does not know.
func answerQuota(_ *Cloud, call call, a *answer) {
	var asked struct{ ServiceCode, QuotaCode string }
	value, known := 0.0, false
	if json.Unmarshal(call.body, &asked) == nil {
		value, known = quotas()[asked.QuotaCode]
	}
	if !known || a.status == http.StatusOK {
		return
	}
	body, err := json.Marshal(map[string]any{"Quota": map[string]any{
		"ServiceCode": asked.ServiceCode, "QuotaCode": asked.QuotaCode, "Value": value, "Unit": "None", "Adjustable": true,
	}})
	if err != nil {
		return // the emulator's own answer stands
	}
	a.status, a.body = http.StatusOK, body
}
