#!/bin/sh
set -eu
ovs-vsctl --may-exist add-br br0 -- set bridge br0 datapath_type=netdev
ovs-vsctl --may-exist add-port br0 trunk -- set port trunk trunks=10,20,30,40,50 vlan_mode=trunk
ip link set trunk up
ovs-vsctl --may-exist add-port br0 vlan10 tag=10 -- set interface vlan10 type=internal mac=\"02:00:5e:00:10:01\"
ip address replace 198.51.100.1/27 dev vlan10
ip link set vlan10 up
ethtool -K vlan10 tx off >/dev/null
ovs-vsctl --may-exist add-port br0 vlan20 tag=20 -- set interface vlan20 type=internal mac=\"02:00:5e:00:14:01\"
ip address replace 198.51.100.33/27 dev vlan20
ip link set vlan20 up
ethtool -K vlan20 tx off >/dev/null
ovs-vsctl --may-exist add-port br0 vlan30 tag=30 -- set interface vlan30 type=internal mac=\"02:00:5e:00:1e:01\"
ip address replace 198.51.100.65/27 dev vlan30
ip link set vlan30 up
ethtool -K vlan30 tx off >/dev/null
ovs-vsctl --may-exist add-port br0 vlan40 tag=40 -- set interface vlan40 type=internal mac=\"02:00:5e:00:28:01\"
ip address replace 198.51.100.97/27 dev vlan40
ip link set vlan40 up
ethtool -K vlan40 tx off >/dev/null
ovs-vsctl --may-exist add-port br0 vlan50 tag=50 -- set interface vlan50 type=internal mac=\"02:00:5e:00:32:01\"
ip address replace 198.51.100.129/27 dev vlan50
ip link set vlan50 up
ethtool -K vlan50 tx off >/dev/null
