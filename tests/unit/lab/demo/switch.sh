#!/bin/sh
set -eu
ovs-vsctl --may-exist add-br br0 -- set bridge br0 datapath_type=netdev
for port in $(ovs-vsctl list-ports br0); do
    case $port in mgmt0|p_rt250001|p_na250001|p_ap250001|p_ctl|p_pd250001|p_uc250001|p_uc250002|p_uc180001|p_guest) ;; *) ovs-vsctl del-port br0 "$port" ;; esac
done
ovs-vsctl --may-exist add-port br0 mgmt0 tag=10 -- set interface mgmt0 type=internal mac=\"02:00:5e:00:10:03\"
ip address replace 198.51.100.3/27 dev mgmt0
ip link set mgmt0 up
ip route replace default via 198.51.100.1
ethtool -K mgmt0 tx off >/dev/null
ovs-vsctl --may-exist add-port br0 p_rt250001 -- set port p_rt250001 tag=[] trunks=10,20,30,40,50 vlan_mode=trunk protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_na250001 -- set port p_na250001 tag=10 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_ap250001 -- set port p_ap250001 tag=10 trunks=30,40,50 vlan_mode=native-untagged protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_ctl -- set port p_ctl tag=10 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_pd250001 -- set port p_pd250001 tag=20 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_uc250001 -- set port p_uc250001 tag=30 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_uc250002 -- set port p_uc250002 tag=40 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_uc180001 -- set port p_uc180001 tag=40 trunks=[] vlan_mode=access protected=false 2>/dev/null
ovs-vsctl --may-exist add-port br0 p_guest -- set port p_guest tag=50 trunks=[] vlan_mode=access protected=true 2>/dev/null
