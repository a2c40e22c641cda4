# Starts processes that do what they can to be nobody's: each has lost its
# parent, is in a session of its own, and (the second) forgets its environment.
(setsid sleep 4001 &)
(setsid env -i /bin/sleep 4002 &)
(setsid sh -c 'setsid env -i /bin/sh -c "/bin/sleep 4003 & /bin/sleep 4004" &' &)
exec sleep 4000
