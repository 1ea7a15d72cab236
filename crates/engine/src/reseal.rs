//! A change of keys: everything at rest is decrypted, and encrypted with the active key. Works beside a running
//! server, which may read and write the same rows.

use torana_credentials::rotation::SecretKind;
use torana_storage::gateway::{gateways, idempotency, sessions};

use crate::admin::AdminError;
use crate::context::Engine;
use crate::gateways::Gateway;
use crate::idempotency::answer_context;
use crate::sessions::broker_session_context;

/// Stored answers that one commit takes up.
const ANSWERS_AT_A_TIME: i64 = 500;

impl Engine {
    /// Seals everything at rest again with the active key. Gives the number of values that were moved.
    ///
    /// # Errors
    /// [`AdminError::Keys`] if a value cannot be opened; what was moved before stays moved.
    pub async fn reseal(&self) -> Result<u64, AdminError> {
        let mut moved = 0;
        for gateway in self.gateways() {
            moved += self.reseal_secrets(&gateway).await?;
            moved += self.reseal_broker_sessions(&gateway).await?;
            moved += self.reseal_answers(&gateway).await?;
        }
        self.reload_gateways().await?;
        Ok(moved)
    }

    async fn reseal_secrets(&self, gateway: &Gateway) -> Result<u64, AdminError> {
        let (id, wall) = (gateway.id, self.wall_now());
        let mut moved = 0;
        for (kind, pair) in [
            (SecretKind::Secret, &gateway.secret),
            (SecretKind::ApiSecret, &gateway.api_secret),
            (SecretKind::WebhookKey, &gateway.webhook_key),
        ] {
            let sealed = self.seal_pair(&gateway.name, kind, pair)?;
            self.store()
                .write("gateway.resealed", move |tx| {
                    gateways::put_secret(tx, id, kind.as_str(), &sealed, wall)
                })
                .await?;
            moved += 1;
        }
        Ok(moved)
    }

    async fn reseal_broker_sessions(&self, gateway: &Gateway) -> Result<u64, AdminError> {
        let id = gateway.id;
        let rows = self
            .store()
            .read(move |tx| sessions::list_brokers(tx, id))
            .await?;
        let mut moved = 0;
        for row in rows {
            let Some(sealed) = self.resealed(&row.sealed, &broker_session_context(id))? else {
                continue;
            };
            self.store()
                .write("broker_session.resealed", move |tx| {
                    sessions::reseal_broker(tx, row.id, &sealed)
                })
                .await?;
            moved += 1;
        }
        Ok(moved)
    }

    async fn reseal_answers(&self, gateway: &Gateway) -> Result<u64, AdminError> {
        let id = gateway.id;
        let (mut moved, mut after) = (0, String::new());
        loop {
            let from = after.clone();
            let rows = self
                .store()
                .read(move |tx| idempotency::list_sealed(tx, id, &from, ANSWERS_AT_A_TIME))
                .await?;
            match rows.last() {
                Some((last, _)) => after.clone_from(last),
                None => return Ok(moved),
            }
            let mut changes = Vec::new();
            for (key, old) in rows {
                if let Some(sealed) = self.resealed(&old, &answer_context(id, &key))? {
                    changes.push((key, old, sealed));
                    moved += 1;
                }
            }
            self.store()
                .write("idempotency.resealed", move |tx| {
                    changes
                        .iter()
                        .try_for_each(|(key, old, sealed)| idempotency::reseal(tx, id, key, old, sealed))
                })
                .await?;
        }
    }

    /// A sealed value under the active key; `None` if it is that already.
    fn resealed(&self, sealed: &str, context: &str) -> Result<Option<String>, AdminError> {
        let keyring = self.keyring();
        if !keyring.needs_rotation(sealed) {
            return Ok(None);
        }
        let plain = keyring
            .open(sealed, context)
            .map_err(|error| AdminError::Keys(error.to_string()))?;
        keyring
            .seal(&plain, context, &*self.rt().entropy)
            .map(Some)
            .map_err(|error| AdminError::Keys(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::KeyedRequest;
    use crate::testbed::{Bed, run};

    /// The bed with a new active key; gives its id.
    fn change_keys(bed: &Bed) -> String {
        let mut keyring = (*bed.engine.keyring()).clone();
        let id = keyring.add_new_active(&*bed.machine).unwrap();
        bed.engine.replace_keyring(keyring);
        run(bed.engine.reseal()).unwrap();
        id
    }

    #[test]
    fn ended_sessions_are_covered_too() {
        let bed = Bed::new();
        let (investor, now) = (bed.investor(), bed.now().world);
        bed.write(move |tx| sessions::end_broker(tx, 1, now));
        let id = change_keys(&bed);
        let row = bed.write(move |tx| sessions::newest_broker(tx, investor.id, investor.broker));
        let sealed = row.filter(|row| row.ended_at.is_some()).unwrap().sealed;
        assert!(sealed.contains(&id), "{sealed} is not under {id}");
    }

    #[test]
    fn every_stored_answer_is_covered_and_still_opens() {
        let bed = Bed::new();
        let count = ANSWERS_AT_A_TIME + 3;
        let request = |number: i64| KeyedRequest {
            key: format!("key {number}"),
            fingerprint: "f".to_owned(),
        };
        for number in 0..count {
            let body = format!("{{\"number\":{number}}}");
            run(bed
                .engine
                .remember_answer(&bed.gateway, &request(number), 200, &body))
            .unwrap();
        }
        let id = change_keys(&bed);
        let gateway_id = bed.gateway.id;
        let rows = bed.write(move |tx| idempotency::list_sealed(tx, gateway_id, "", count + 1));
        assert_eq!(rows.len(), usize::try_from(count).unwrap());
        assert!(rows.iter().all(|(_, sealed)| sealed.contains(&id)));
        for number in [0, count - 1] {
            let stored = run(bed.engine.stored_answer(&bed.gateway, &request(number)));
            assert_eq!(stored.unwrap().unwrap().body, format!("{{\"number\":{number}}}"));
        }
    }
}
