# A loop, and what it starts.
while true; do
  echo "round of $FLEET_INSTANCE"
  sleep 0.05
done
