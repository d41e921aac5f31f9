-- The reference service's database: users, posts and comments, as FraiseQL wants them.
--
-- Tables hold the rows; views give FraiseQL an `id` and a `data jsonb`; functions change rows and answer with a `mutation_response`.
-- Every seeded row is a formula of its ordinal. The same formulas stand in dataset.py, and a test asks the real service whether the
-- two agree. There is no randomness, no clock and no sequence in what a read may return.
--
-- Load may write while it reads, so the two never meet: reads look at authors, posts and comments, and at no field that a mutation
-- changes; `create_user` adds members, `delete_user` removes guests, `update_user` changes only an author's `bio`.

CREATE TABLE tb_user (
    id uuid PRIMARY KEY,
    ordinal integer,  -- the place of a seeded row; null for rows created later
    identifier text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('author', 'guest', 'member')),
    bio text NOT NULL DEFAULT ''
);

CREATE TABLE tb_post (
    id uuid PRIMARY KEY,
    ordinal integer NOT NULL UNIQUE,
    author_id uuid NOT NULL REFERENCES tb_user (id),
    title text NOT NULL,
    words integer NOT NULL,
    body text NOT NULL
);

CREATE TABLE tb_comment (
    id uuid PRIMARY KEY,
    ordinal integer NOT NULL UNIQUE,
    post_id uuid NOT NULL REFERENCES tb_post (id),
    author_id uuid NOT NULL REFERENCES tb_user (id),
    body text NOT NULL
);

-- What took effect, in the same transaction as the effect: a request that was answered and is missing here was lost, one that is here
-- twice was carried out twice, and one that is here without an answer was ambiguous to its client.
CREATE TABLE tb_change (
    ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request text NOT NULL,  -- what the client called its request
    function text NOT NULL,
    user_id uuid NOT NULL,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id()
);

INSERT INTO tb_user (id, ordinal, identifier, name, role)
SELECT
    md5('user-' || n)::uuid,
    n,
    'author-' || n,
    (ARRAY['Ada', 'Björn', 'Chloé', 'Dmitri', 'Eszter', 'Fatima', 'Grace', 'Håkon', 'Inês', 'Jürgen'])[1 + (n - 1) % 10] || ' '
    || (ARRAY['Adeyemi', 'Brontë', 'Čapek', 'Dvořák', 'Eriksen', 'Fuentes', 'Grünwald', 'Hernández', 'Ito', 'Jansen'])[1 + (n - 1) / 10],
    'author'
FROM generate_series(1, 100) AS n;

INSERT INTO tb_user (id, ordinal, identifier, name, role)
SELECT md5('guest-' || n)::uuid, 100 + n, 'guest-' || n, 'Guest ' || n, 'guest'
FROM generate_series(1, 1000) AS n;

INSERT INTO tb_post (id, ordinal, author_id, title, words, body)
SELECT
    md5('post-' || n)::uuid,
    n,
    md5('user-' || (1 + (n * 7) % 100))::uuid,
    'Post ' || n || ': what the database said',
    100 + (n * 37) % 900,
    repeat('Every row is a promise — kept, or seen to be broken. ', 1 + n % 12)
FROM generate_series(1, 500) AS n;

INSERT INTO tb_comment (id, ordinal, post_id, author_id, body)
SELECT
    md5('comment-' || n)::uuid,
    n,
    md5('post-' || (1 + (n * 11) % 500))::uuid,
    md5('user-' || (1 + (n * 13) % 100))::uuid,
    'Comment ' || n || ': I was there when it happened.'
FROM generate_series(1, 1500) AS n;

CREATE INDEX tb_user_by_ordinal ON tb_user (ordinal);
CREATE INDEX tb_post_by_author ON tb_post (author_id);
CREATE INDEX tb_comment_by_post ON tb_comment (post_id);
CREATE INDEX tb_change_by_request ON tb_change (request);

CREATE VIEW v_user AS
SELECT
    id,
    ordinal,
    role,
    jsonb_build_object('id', id, 'identifier', identifier, 'name', name, 'role', role, 'bio', bio) AS data
FROM tb_user;

CREATE VIEW v_post AS
SELECT
    post.id,
    post.ordinal,
    jsonb_build_object(
        'id', post.id, 'title', post.title, 'words', post.words, 'body', post.body,
        'author', jsonb_build_object('id', author.id, 'name', author.name)
    ) AS data
FROM tb_post AS post
INNER JOIN tb_user AS author ON author.id = post.author_id;

CREATE VIEW v_thread AS
SELECT
    post.id,
    jsonb_build_object(
        'id', post.id, 'title', post.title,
        'author', jsonb_build_object('id', author.id, 'name', author.name),
        'comments', (
            SELECT coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'id', comment.id, 'body', comment.body,
                        'author', jsonb_build_object('id', commenter.id, 'name', commenter.name)
                    )
                    ORDER BY comment.ordinal
                ),
                '[]'::jsonb
            )
            FROM tb_comment AS comment
            INNER JOIN tb_user AS commenter ON commenter.id = comment.author_id
            WHERE comment.post_id = post.id
        )
    ) AS data
FROM tb_post AS post
INNER JOIN tb_user AS author ON author.id = post.author_id;

CREATE VIEW v_author_statistics AS
SELECT
    author_id AS id,
    jsonb_build_object('id', author_id, 'posts', count(*), 'words', sum(words), 'longest', max(words)) AS data
FROM tb_post
GROUP BY author_id;

-- A report that really is slow: the server sleeps half a second for every row that is asked for, as a query without its index would work.
CREATE VIEW v_slow_report AS
SELECT id, data, pg_sleep(0.5) IS NOT NULL AS slept
FROM v_author_statistics;

CREATE TYPE mutation_response AS (
    status text,
    message text,
    entity_id text,
    entity_type text,
    entity jsonb,
    updated_fields text[],
    cascade jsonb,
    metadata jsonb
);

CREATE FUNCTION create_user(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    made uuid := md5('member-' || (input ->> 'identifier'))::uuid;
BEGIN
    INSERT INTO tb_user (id, identifier, name, role)
    VALUES (made, input ->> 'identifier', input ->> 'name', 'member');
    INSERT INTO tb_change (request, function, user_id) VALUES (input ->> 'identifier', 'create_user', made);
    RETURN (
        'created', 'The user was created.', made::text, 'User', (SELECT data FROM v_user WHERE id = made), NULL, NULL, NULL
    )::mutation_response;
EXCEPTION WHEN unique_violation THEN
    RETURN (
        'conflict:identifier', 'There is a user with this identifier.', NULL, 'User', NULL, NULL, NULL, NULL
    )::mutation_response;
END;
$$;

CREATE FUNCTION update_user(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    changed uuid := (input ->> 'id')::uuid;
BEGIN
    UPDATE tb_user SET bio = input ->> 'bio' WHERE id = changed;
    IF NOT found THEN
        RETURN ('not_found:user', 'There is no such user.', changed::text, 'User', NULL, NULL, NULL, NULL)::mutation_response;
    END IF;
    INSERT INTO tb_change (request, function, user_id) VALUES (input ->> 'bio', 'update_user', changed);
    RETURN (
        'updated', 'The user was updated.', changed::text, 'User', (SELECT data FROM v_user WHERE id = changed), ARRAY['bio'], NULL, NULL
    )::mutation_response;
END;
$$;

-- What a client of `delete_user` is promised is that afterwards there is no such user. A guest who has gone already is no error, so
-- requests need not share out the guests among themselves, and a retry is answered like the first try.
CREATE FUNCTION delete_user(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    gone uuid := (input ->> 'id')::uuid;
BEGIN
    DELETE FROM tb_user WHERE id = gone;
    INSERT INTO tb_change (request, function, user_id) VALUES (input ->> 'reason', 'delete_user', gone);
    RETURN (
        'deleted', 'There is no such user any more.', gone::text, 'DeletedUser', jsonb_build_object('id', gone), NULL, NULL, NULL
    )::mutation_response;
EXCEPTION WHEN foreign_key_violation THEN
    RETURN (
        'conflict:posts', 'The user has posts or comments.', gone::text, 'DeletedUser', NULL, NULL, NULL, NULL
    )::mutation_response;
END;
$$;
