//! What is sealed: what opens it, how long it is there, and what tampering does.

use super::*;

#[tokio::test]
async fn a_sealed_secret_opens_for_its_own_purpose_and_card_only() {
    on_both(async |stores| {
        let vault = stores.vault;
        let puk = b"12345678";
        vault
            .seal(secret(1), holder(1), "puk", "0A", puk, entropy(1), Keep::Always, at(0))
            .await
            .unwrap();
        let opened = vault.open_sealed(secret(1), "puk", "0A", at(DAY * 1000)).await.unwrap();
        assert_eq!(opened.as_deref().map(Vec::as_slice), Some(puk.as_slice()));
        for (reference, purpose, card) in
            [(secret(1), "management", "0A"), (secret(1), "puk", "0B"), (secret(2), "puk", "0A")]
        {
            assert!(vault.open_sealed(reference, purpose, card, at(0)).await.unwrap().is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_sealed_a_day_ago_and_is_not_kept_goes_and_what_is_younger_stays() {
    on_both(async |stores| {
        let vault = stores.vault;
        for (number, purpose, of, when) in [
            (1, "certificate", 1, 0),
            (2, "certificate", 1, 0),
            (3, "certificate", 1, 1),
            (4, "puk", 1, 0),
            (5, "certificate", 2, 0),
        ] {
            let (secret, holder, entropy) = (secret(number), holder(of), entropy(7));
            vault
                .seal(secret, holder, purpose, "0A", b"x", entropy, Keep::Always, at(when))
                .await
                .unwrap();
        }
        let kept = std::future::ready(Ok(vec![secret(2)]));
        let pruned = vault.prune_sealed(holder(1), "certificate", at(DAY), kept).await.unwrap();
        assert_eq!(pruned, 1);
        for (number, purpose, is_there) in [
            (1, "certificate", false),
            (2, "certificate", true),
            (3, "certificate", true),
            (4, "puk", true),
            (5, "certificate", true),
        ] {
            let opened = vault.open_sealed(secret(number), purpose, "0A", at(DAY)).await.unwrap();
            assert_eq!(opened.is_some(), is_there, "{number}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sealed_secret_opens_until_just_before_its_end_and_is_swept_at_its_end() {
    on_both(async |stores| {
        let vault = &stores.vault;
        let until = Keep::Until(at(600_000));
        vault
            .seal(secret(1), holder(1), "job", "0A", b"x", entropy(1), until, at(0))
            .await
            .unwrap();
        assert!(vault.open_sealed(secret(1), "job", "0A", at(599_999)).await.unwrap().is_some());
        assert!(vault.open_sealed(secret(1), "job", "0A", at(600_000)).await.unwrap().is_none());
        let early = vault.sweep(&*stores.log, at(599_999), 10).await.unwrap();
        let late = vault.sweep(&*stores.log, at(600_000), 10).await.unwrap();
        assert_eq!((early.n_deleted, late.n_deleted), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn what_was_sealed_for_an_event_that_never_came_goes_after_a_day_and_what_it_names_stays() {
    on_both(async |stores| {
        let vault = &stores.vault;
        for (number, keep) in [
            (1, Keep::IfNamedBy(event(1, 0).id)),
            (2, Keep::IfNamedBy(event(2, 0).id)),
            (3, Keep::Always),
        ] {
            let (secret, entropy) = (secret(number), entropy(7));
            vault.seal(secret, holder(1), "puk", "0A", b"x", entropy, keep, at(0)).await.unwrap();
        }
        append(&stores, vec![event(1, 0)]).await;
        let early = vault.sweep(&*stores.log, at(DAY - 1), 10).await.unwrap();
        assert_eq!((early.n_deleted, early.n_settled), (0, 0));
        let swept = vault.sweep(&*stores.log, at(DAY), 10).await.unwrap();
        assert_eq!((swept.n_deleted, swept.n_settled), (1, 1));
        let again = vault.sweep(&*stores.log, at(DAY), 10).await.unwrap();
        assert_eq!((again.n_deleted, again.n_settled), (0, 0));
        for (number, is_there) in [(1, true), (2, false), (3, true)] {
            let opened = vault.open_sealed(secret(number), "puk", "0A", at(DAY)).await.unwrap();
            assert_eq!(opened.is_some(), is_there, "{number}");
        }
    })
    .await;
}

#[tokio::test]
async fn sealing_the_same_again_is_no_change_and_another_secret_is_refused() {
    on_both(async |stores| {
        let vault = stores.vault;
        let seal = async |plaintext: &'static [u8], seed| {
            vault
                .seal(
                    secret(1),
                    holder(1),
                    "puk",
                    "0A",
                    plaintext,
                    entropy(seed),
                    Keep::Always,
                    at(0),
                )
                .await
        };
        seal(b"12345678", 1).await.unwrap();
        seal(b"12345678", 2).await.unwrap();
        assert!(matches!(seal(b"87654321", 3).await, Err(VaultError::Taken)));
        let opened = vault.open_sealed(secret(1), "puk", "0A", at(1)).await.unwrap().unwrap();
        assert_eq!(opened.as_slice(), b"12345678");
    })
    .await;
}

#[tokio::test]
async fn a_sealed_row_that_was_tampered_with_does_not_open() {
    on_both(async |stores| {
        let vault = stores.vault;
        for number in 1..=2 {
            let seed = u8::try_from(number).unwrap();
            vault
                .seal(
                    secret(number),
                    holder(number),
                    "puk",
                    "0A",
                    b"x",
                    entropy(seed),
                    Keep::Always,
                    at(0),
                )
                .await
                .unwrap();
        }
        for tampering in [
            "update sealed set holder_id = $1 where secret_id = $2",
            "update sealed set holder_id = $3, ciphertext = $4 where secret_id = $2",
        ] {
            Query::new(tampering)
                .bind(holder(2).0)
                .bind(secret(1).0)
                .bind(holder(1).0)
                .bind([0].as_slice())
                .execute(vault.connections.writer())
                .await
                .unwrap();
            let opened = vault.open_sealed(secret(1), "puk", "0A", at(0)).await;
            assert!(matches!(opened, Err(VaultError::Broken)));
        }
    })
    .await;
}

#[tokio::test]
async fn the_longest_sealed_secret_is_taken_and_one_byte_more_is_refused() {
    on_both(async |stores| {
        let vault = stores.vault;
        for (number, bytes, taken) in
            [(1, SEALED_BYTES_MAX, true), (2, SEALED_BYTES_MAX + 1, false)]
        {
            let long = vec![1; bytes];
            let sealed = vault
                .seal(secret(number), holder(1), "job", "", &long, entropy(1), Keep::Always, at(0))
                .await;
            assert_eq!(sealed.is_ok(), taken);
        }
    })
    .await;
}

#[tokio::test]
async fn rows_of_an_older_seal_key_still_open() {
    let database = Database::in_memory().await.unwrap();
    let old = database.stores(keys()).vault;
    old.seal(secret(1), holder(1), "certificate", "0A", b"x", entropy(1), Keep::Always, at(0))
        .await
        .unwrap();
    let rotated = VaultKeys {
        pepper: Keys::new(1, [7; 32]),
        seal: Keys::new(2, [9; 32]).with_older(1, [8; 32]),
        puk: None,
        code: Keys::new(1, [9; 32]).into(),
    };
    let rotated = database.stores(rotated).vault;
    assert!(rotated.open_sealed(secret(1), "certificate", "0A", at(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_puk_opens_by_its_own_key_and_in_no_process_without_it() {
    let database = Database::in_memory().await.unwrap();
    let whole = database.stores(keys()).vault;
    for (number, purpose) in [(1, PUK_PURPOSE), (2, "certificate")] {
        let (secret, entropy) = (secret(number), entropy(1));
        let sealing =
            whole.seal(secret, holder(1), purpose, "0A", b"x", entropy, Keep::Always, at(0));
        sealing.await.unwrap();
    }
    let without = database.stores(VaultKeys { puk: None, ..keys() }).vault;
    let puk = without.open_sealed(secret(1), PUK_PURPOSE, "0A", at(0)).await;
    assert!(matches!(puk, Err(VaultError::NotThisProcess)));
    assert!(without.open_sealed(secret(2), "certificate", "0A", at(0)).await.unwrap().is_some());
    let sealing = without.seal(
        secret(3),
        holder(1),
        PUK_PURPOSE,
        "0A",
        b"x",
        entropy(1),
        Keep::Always,
        at(0),
    );
    assert!(matches!(sealing.await, Err(VaultError::NotThisProcess)));
    assert_eq!(whole.rows_by_puk().await.unwrap(), [(1, 1)].into());
    assert_eq!(whole.rows_by_seal().await.unwrap(), [(1, 1)].into());
}

#[tokio::test]
async fn a_puk_from_before_puks_had_a_key_of_their_own_still_opens() {
    let database = Database::in_memory().await.unwrap();
    // As an earlier build has wrapped it: by the key of everything else.
    let earlier = VaultKeys { puk: Some(Keys::new(1, [8; 32])), ..keys() };
    let earlier = database.stores(earlier).vault;
    let sealing = earlier.seal(
        secret(1),
        holder(1),
        PUK_PURPOSE,
        "0A",
        b"x",
        entropy(1),
        Keep::Always,
        at(0),
    );
    sealing.await.unwrap();
    Query::new("update sealed set ring = 'seal'")
        .execute(earlier.connections.writer())
        .await
        .unwrap();
    for now in [keys(), VaultKeys { puk: None, ..keys() }] {
        let vault = database.stores(now).vault;
        assert!(vault.open_sealed(secret(1), PUK_PURPOSE, "0A", at(0)).await.unwrap().is_some());
    }
}
