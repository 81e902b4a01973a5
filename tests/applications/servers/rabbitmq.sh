#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='RabbitMQ, ejabberd and all of Erlang'
packages='erlang-base erlang-ssl erlang-crypto erlang-public-key'
commands='escript'
works='no: Erlang decodes the key itself (`public_key:pem_decode`); RabbitMQ starts but every handshake fails, ejabberd exits'
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www
with_pin
port=$(free_port)
cat >server.escript <<END
#!/usr/bin/env escript
main([_]) ->
  application:ensure_all_started(ssl),
  {ok, B} = file:read_file("$work/www.pem"),
  io:format("entries ~p~n", [public_key:pem_decode(B)]),
  case ssl:listen($port, [{ip, {127,0,0,1}}, {certfile, "$work/www.crt"}, {keyfile, "$work/www.pem"}]) of
    {ok, L} -> loop(L);
    E -> io:format("listen ~p~n", [E])
  end.
loop(L) ->
  {ok, S} = ssl:transport_accept(L),
  io:format("~p~n", [element(1, catch ssl:handshake(S, 3000))]),
  loop(L).
END
HOME=$work start server.log escript server.escript x
within 30 "nothing said: $(cat server.log)" grep -q '^entries' server.log
grep -q '^entries \[\]' server.log || fail "it knows what this is: $(cat server.log)"
if within 5 'nobody listens' listening "$port" 2>/dev/null; then
    refuses
fi
! grep -qiE 'segmentation|core dumped' server.log || fail "it crashes: $(cat server.log)"
pass
