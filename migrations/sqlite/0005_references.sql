-- By what callers look for their portabilities besides their numbers. Of all who have the same reference, an org sees its own.
CREATE INDEX portability_requests_contract_code_idx ON portability_requests (contract_code);
CREATE INDEX portability_requests_external_reference_idx ON portability_requests (external_reference) WHERE external_reference IS NOT NULL;
