-- name: put_account
-- A person who may sign in.
INSERT INTO waybill.account (id, name, password_hash, created_at, full_name, email)
VALUES (%(id)s, %(name)s, %(password_hash)s, %(created_at)s, %(full_name)s, %(email)s);

-- name: accounts
-- Accounts with their roles as [{role, premises}], with a role at these premises, whose name or full name holds the text
-- (NULL: all), by name.
SELECT a.id, a.name, a.full_name, a.email, a.created_at, a.disabled_at, a.password_hash IS NOT NULL,
    coalesce((SELECT jsonb_agg(jsonb_build_object('role', r.role, 'premises_id', r.premises_id, 'premises', p.code)
            ORDER BY r.role, p.code NULLS FIRST)
        FROM waybill.account_role r LEFT JOIN waybill.premises p ON p.id = r.premises_id
        WHERE r.account_id = a.id), '[]'), a.driver_id, d.employee_no, q.code
FROM waybill.account a
LEFT JOIN waybill.driver d ON d.id = a.driver_id
LEFT JOIN waybill.premises q ON q.id = d.premises_id
WHERE (%(name)s::text IS NULL OR a.name = %(name)s)
    AND (%(id)s::uuid IS NULL OR a.id = %(id)s)
    AND (%(text)s::text IS NULL OR strpos(lower(concat_ws(' ', a.name, a.full_name, a.email)), lower(%(text)s)) > 0)
    AND (%(premises_ids)s::uuid[] IS NULL OR EXISTS (
        SELECT FROM waybill.account_role r WHERE r.account_id = a.id AND r.premises_id = ANY (%(premises_ids)s)))
    AND (%(after)s::text IS NULL OR a.name > %(after)s)
ORDER BY a.name
LIMIT %(most)s;

-- name: password_hash_of
-- The hash of an account's password; no row for one that is disabled or unknown.
SELECT id, password_hash FROM waybill.account WHERE name = %(name)s AND disabled_at IS NULL;

-- name: set_password
-- A new password.
UPDATE waybill.account SET password_hash = %(password_hash)s WHERE id = %(id)s;

-- name: set_account_names
-- What people know of an account's person.
UPDATE waybill.account SET full_name = %(full_name)s, email = %(email)s WHERE id = %(id)s;

-- name: set_disabled
-- Disabled from then on, or enabled again (NULL).
UPDATE waybill.account SET disabled_at = %(disabled_at)s WHERE id = %(id)s;

-- name: clear_roles
-- Takes every role away.
DELETE FROM waybill.account_role WHERE account_id = %(id)s;

-- name: put_roles
-- Gives roles; premises NULL = all.
INSERT INTO waybill.account_role (account_id, role, premises_id)
SELECT %(id)s, role, premises_id FROM unnest(%(roles)s::text[], %(premises_ids)s::uuid[]) AS given (role, premises_id);

-- name: administrators
-- How many accounts other than this one may administer everything.
SELECT count(*) FROM waybill.account a JOIN waybill.account_role r ON r.account_id = a.id
WHERE a.disabled_at IS NULL AND r.role = 'administrator' AND r.premises_id IS NULL AND a.id <> %(id)s;

-- name: lock_accounts
-- One change of accounts at a time: two administrators cannot take the last right from each other.
SELECT pg_advisory_xact_lock(hashtext('waybill.account'));

-- name: put_session
-- A person who has just signed in.
INSERT INTO waybill.session (id, account_id, token_digest, created_at, seen_at, expires_at, address, browser)
VALUES (%(id)s, %(account_id)s, %(token_digest)s, %(created_at)s, %(created_at)s, %(expires_at)s, %(address)s,
    %(browser)s);

-- name: session_of_token
-- The open session of a token, with its account's id.
SELECT s.id, s.account_id, s.created_at, s.seen_at, s.expires_at
FROM waybill.session s JOIN waybill.account a ON a.id = s.account_id
WHERE s.token_digest = %(token_digest)s AND s.ended_at IS NULL AND s.expires_at > %(now)s
    AND s.seen_at > %(idle_since)s AND a.disabled_at IS NULL;

-- name: touch_session
-- The session is in use.
UPDATE waybill.session SET seen_at = %(now)s WHERE id = %(id)s;

-- name: end_sessions
-- Ends an account's sessions, all but one (NULL: all); how many there were.
UPDATE waybill.session SET ended_at = %(now)s
WHERE account_id = %(account_id)s AND ended_at IS NULL AND id IS DISTINCT FROM %(but)s;

-- name: end_session
-- Ends one session.
UPDATE waybill.session SET ended_at = %(now)s WHERE id = %(id)s AND ended_at IS NULL;

-- name: put_api_key
-- A key that was just made.
INSERT INTO waybill.api_key (id, premises_id, name, prefix, secret_digest, scopes, test, created_at, created_by)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(prefix)s, %(secret_digest)s, %(scopes)s, %(test)s, %(created_at)s,
    %(created_by)s);

-- name: api_keys
-- Keys without their secrets, newest first; by prefix when one is named.
SELECT k.id, k.premises_id, p.code, k.name, k.prefix, k.scopes, k.test, k.created_at, k.created_by, k.expires_at,
    k.revoked_at, k.used_at
FROM waybill.api_key k LEFT JOIN waybill.premises p ON p.id = k.premises_id
WHERE %(prefix)s::text IS NULL OR k.prefix = %(prefix)s
ORDER BY k.created_at DESC, k.id DESC;

-- name: api_key_of_secret
-- The key of a secret that is good now.
SELECT k.id, k.premises_id, k.name, k.scopes, k.test, k.used_at
FROM waybill.api_key k
WHERE k.secret_digest = %(secret_digest)s AND k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > %(now)s);

-- name: touch_api_key
-- The key is in use.
UPDATE waybill.api_key SET used_at = %(now)s WHERE id = %(id)s;

-- name: expire_api_key
-- A rotated key ends then.
UPDATE waybill.api_key SET expires_at = %(expires_at)s WHERE id = %(id)s;

-- name: revoke_api_key
-- A key ends now.
UPDATE waybill.api_key SET revoked_at = %(now)s WHERE id = %(id)s AND revoked_at IS NULL;

-- name: account_of_subject
-- The account that is linked to an identity of OpenID Connect.
SELECT id FROM waybill.account WHERE oidc_subject = %(subject)s;

-- name: accounts_to_link
-- Accounts in use with an e-mail address that are linked to no identity yet; locked until the link is made.
SELECT id FROM waybill.account
WHERE lower(email) = lower(%(email)s) AND oidc_subject IS NULL AND disabled_at IS NULL
FOR UPDATE;

-- name: link_subject
-- From now on this identity signs in to the account.
UPDATE waybill.account SET oidc_subject = %(subject)s WHERE id = %(id)s;

-- name: set_account_driver
-- Whose account it is on the road (NULL: no driver's).
UPDATE waybill.account SET driver_id = %(driver_id)s WHERE id = %(id)s;

-- name: is_employed_driver
-- Whether the driver is in service and employed on the day that it is at the premises.
SELECT EXISTS (
    SELECT FROM waybill.driver d JOIN waybill.premises p ON p.id = d.premises_id
    WHERE d.id = %(driver_id)s AND d.retired_at IS NULL
        AND (%(now)s AT TIME ZONE p.tz)::date BETWEEN coalesce(d.employed_from, '-infinity')
            AND coalesce(d.employed_to, 'infinity'));
